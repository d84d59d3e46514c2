//! The webhook fields that `mmsg` reads.

/// What reports and suppressions are based on, and what Meta does about the Page.
pub const FIELDS: [&str; 9] = [
    "marketing_message_delivery_failed",
    "marketing_message_echoes",
    "marketing_message_deliveries",
    "marketing_message_reads",
    "marketing_message_clicks",
    "messaging_optins",
    "marketing_messages_subscriber_upload_status",
    "messaging_policy_enforcement",
    "messaging_integrity",
];
