//! Codes of the marketing-message API (23000xx).
//!
//! Meta's changelog of 2026-03-31 gives other meanings to 2300069–2300079 than the newer reference; `other` carries them.

use std::time::Duration;

use super::Class::{Campaign, Drop, Later, Message, Stop, Wait};
use super::{CodeRow, Pause, row};

const ACTIVATE: &str =
    "check its status with mmsg campaign get; turn it on with mmsg campaign resume, or create a new campaign";
const NEW_CAMPAIGN: &str = "check --campaign with mmsg campaign list, or create a new campaign";
const BUDGET: &str = "raise the budget with mmsg campaign edit, or create a new campaign, then run again";
const FIX: &str = "fix the message; mmsg message validate shows what is wrong";
const TERMS: &str = "accept the marketing message terms in Meta's business settings, then run again";
const PAYMENT: &str =
    "fix the ad account's payment method or spending limit in Meta's billing settings, then run again";
const REGION: &str = "marketing messages are not available there; use an ad account and a Page in an eligible country";
const WARM_UP: &str = "new campaigns warm up for one to two and a half hours; run again later";
const RUN_AGAIN: &str = "run again at the time shown; nothing is lost";
const PERSON: &str = "nothing to do: mmsg tries this recipient again later";
const GONE: &str = "nothing to do: this recipient is never sent to again";
const SLOWER: &str = "send slower (--rate), and check whether something else uses the same account or app";

const HALF_HOUR: Pause = Pause::For(Duration::from_secs(30 * 60));
const HOUR: Pause = Pause::For(Duration::from_secs(60 * 60));

/// By code.
pub(super) static ROWS: &[CodeRow] = &[
    row(1_893_047, Later, "the recipient is not available", PERSON).named("RECIPIENT_NOT_AVAILABLE"),
    row(2_018_300, Later, "another app controls the conversation", PERSON),
    row(2_018_321, Later, "Messenger or another app controls the conversation", PERSON),
    row(2_300_000, Campaign, "the campaign is not active", ACTIVATE).named("INACTIVE_CAMPAIGN"),
    row(2_300_001, Campaign, "the campaign ID does not exist, or the token has no access to it", NEW_CAMPAIGN)
        .named("INVALID_MESSAGE_ID"),
    row(2_300_002, Campaign, "the message set (ad set) is not active", ACTIVATE).named("INACTIVE_MESSAGE_SET"),
    row(2_300_003, Wait, "the message (ad) is not active; also seen while a new campaign warms up, and minutes after it is turned on", ACTIVATE)
        .named("INACTIVE_MESSAGE")
        .wait(HALF_HOUR)
        .of_campaign()
        .grown(Campaign),
    row(
        2_300_004,
        Drop,
        "the subscription token is wrong, or the access token has no permission for it",
        "many in a row mean the wrong Page, app or token, not bad recipients",
    )
    .named("INVALID_MESSENGER_SUBSCRIPTION_TOKEN"),
    row(
        2_300_005,
        Drop,
        "the subscription token belongs to another Page",
        "check that the list was exported for the campaign's Page",
    )
    .named("PAGE_ID_MISMATCH"),
    row(2_300_006, Campaign, "the campaign is not a marketing message campaign", NEW_CAMPAIGN),
    row(2_300_007, Message, "the campaign has neither a daily nor a lifetime budget", "set a budget on the campaign"),
    row(2_300_008, Campaign, "no default bid was found", NEW_CAMPAIGN),
    row(2_300_009, Campaign, "data of the campaign is missing", NEW_CAMPAIGN),
    row(2_300_010, Message, "no valid creative or payload", FIX),
    row(2_300_011, Stop, "the ad account has no payment method", PAYMENT),
    row(2_300_012, Wait, "the campaign is still being set up", WARM_UP).wait(HALF_HOUR).of_campaign(),
    row(2_300_013, Stop, "the business has not accepted the terms", TERMS),
    row(2_300_014, Campaign, "the campaign belongs to another ad account", "use the profile of the campaign's account"),
    row(2_300_015, Campaign, "the campaign's budget is used up", BUDGET),
    row(2_300_016, Campaign, "the bid is too low", NEW_CAMPAIGN),
    row(2_300_017, Stop, "the ad account's spending limit is reached", PAYMENT),
    row(2_300_018, Message, "an attachment could not be saved", FIX).named("ATTACHMENT_SAVE_FAILURE"),
    row(
        2_300_019,
        Stop,
        "the app has not accepted the terms",
        "accept the terms in the app's dashboard, then run again",
    ),
    row(2_300_020, Campaign, "the pacing type is invalid", NEW_CAMPAIGN),
    row(2_300_021, Message, "a video element has no video_id", FIX).named("VIDEO_MEDIA_TYPE_MISSING_VIDEO_ID"),
    row(2_300_022, Message, "an image element has no image_url", FIX).named("IMAGE_MEDIA_TYPE_MISSING_IMAGE_URL"),
    row(2_300_023, Message, "a button's type is not allowed", FIX).named("INVALID_BUTTON_TYPE"),
    row(2_300_024, Message, "a button's URL is empty", FIX).named("EMPTY_BUTTON_URL"),
    row(2_300_025, Message, "a button's title is empty", FIX).named("EMPTY_BUTTON_TITLE"),
    row(2_300_026, Message, "there are more than 3 buttons", FIX).named("TOO_MANY_BUTTONS"),
    row(2_300_027, Message, "an attachment belongs to another Page", FIX).named("ATTACHMENT_REUSE_NOT_ALLOWED"),
    row(2_300_028, Wait, "pacing information is not ready; Meta says to try again after an hour", WARM_UP)
        .wait(HOUR)
        .of_campaign(),
    row(2_300_030, Stop, "the ad account's region is not supported", REGION),
    row(2_300_031, Stop, "the Page's region is not supported", REGION),
    row(2_300_032, Drop, "the recipient's region is not supported", GONE).suppresses(),
    row(2_300_033, Wait, "the campaign has not started yet", RUN_AGAIN).wait(Pause::CampaignStart).of_campaign(),
    row(2_300_034, Drop, "the recipient opted out of marketing messages", GONE).suppresses(),
    row(
        2_300_035,
        Later,
        "this recipient got a marketing message less than 12 hours ago",
        "many of these mean that something else sends for this Page, or that the ledger is an old copy",
    ),
    row(2_300_036, Later, "the recipient can't receive messages right now", PERSON),
    row(2_300_037, Drop, "the subscription token has expired", GONE).suppresses(),
    row(
        2_300_038,
        Later,
        "a placeholder such as {{first_name}} can't be filled for this recipient",
        "if it happens for everyone, fix the placeholders of the message",
    ),
    row(
        2_300_039,
        Stop,
        "the token has no permission for the Page",
        "give the token's system user access to the Page; only an admin of the business that owns both can connect Page and ad account",
    )
    .credentials(),
    row(
        2_300_040,
        Stop,
        "the feature is not available to this app or account",
        "ask Meta for access to marketing messages",
    ),
    row(2_300_041, Wait, "the campaign is not ready for delivery", WARM_UP).wait(HALF_HOUR).of_campaign(),
    row(2_300_042, Later, "the recipient reached a cap (weekly, daily or minimum organic activity)", PERSON),
    row(2_300_043, Later, "the recipient reached a cap (weekly, daily or minimum organic activity)", PERSON),
    row(2_300_044, Later, "the recipient reached a cap (weekly, daily or minimum organic activity)", PERSON),
    row(2_300_046, Message, "multiple images are not allowed in a carousel", FIX),
    row(2_300_047, Message, "image_url and image_urls are mixed", FIX),
    row(2_300_048, Message, "more than one image is marked as hero", FIX),
    row(2_300_052, Later, "the recipient is not available, or messaged the Page too recently", PERSON)
        .named("RECIPIENT_UNAVAILABLE"),
    row(2_300_053, Campaign, "the lifetime budget is used up", BUDGET),
    row(2_300_054, Wait, "the daily budget is used up; sending resumes the next day", RUN_AGAIN)
        .wait(Pause::NextDay)
        .of_campaign(),
    row(2_300_055, Wait, "pacing limit; try again in about 30 minutes", RUN_AGAIN).wait(HALF_HOUR),
    row(2_300_056, Stop, "the ad account's total spending limit is reached", PAYMENT),
    row(2_300_057, Wait, "a daily limit of the ad account is reached; try again later", RUN_AGAIN),
    row(2_300_058, Stop, "the prepaid balance is empty", PAYMENT),
    row(2_300_059, Stop, "the stored balance is too low", PAYMENT),
    row(2_300_060, Wait, "a daily spending limit is reached; try again later", RUN_AGAIN),
    row(2_300_061, Wait, "a billing limit is reached; try again in about 30 minutes", RUN_AGAIN).wait(HALF_HOUR),
    row(2_300_062, Wait, "a credit limit is reached; try again in about 30 minutes", RUN_AGAIN).wait(HALF_HOUR),
    row(2_300_063, Wait, "the message can't be processed right now", RUN_AGAIN),
    row(2_300_064, Campaign, "the creative is used by another campaign", NEW_CAMPAIGN),
    row(2_300_065, Message, "page_id is missing", "set the Page with --page or in the profile"),
    row(2_300_066, Stop, "the Page has not accepted the terms", TERMS),
    row(2_300_067, Stop, "the ad account has not accepted the terms", TERMS),
    row(2_300_068, Wait, "the message can't be processed right now", RUN_AGAIN),
    row(2_300_069, Stop, "required terms have not been accepted", TERMS).or(&OTHER_69),
    row(2_300_070, Campaign, "the targeting is invalid", NEW_CAMPAIGN).or(&OTHER_70),
    row(2_300_071, Message, "the creative has invalid aliases (placeholders)", FIX).or(&OTHER_71),
    row(2_300_072, Message, "the offer is invalid", FIX).or(&OTHER_72),
    row(2_300_073, Message, "there are too many line breaks", FIX).or(&OTHER_73),
    row(2_300_074, Message, "a button is missing", FIX).or(&OTHER_74),
    row(2_300_075, Message, "the order of the buttons is invalid", FIX).or(&OTHER_75),
    row(2_300_076, Message, "a required field is missing", FIX).or(&OTHER_76),
    row(2_300_077, Message, "a URL field is invalid", FIX).or(&OTHER_77),
    row(2_300_078, Wait, "too many sends: Meta's limit for marketing messages", SLOWER).rate().or(&OTHER_78),
    row(2_300_079, Wait, "too many campaigns created", RUN_AGAIN).or(&OTHER_79),
    row(2_300_080, Wait, "too many token queries", RUN_AGAIN),
];

static OTHER_69: CodeRow = row(2_300_069, Campaign, "the lifetime budget is used up", BUDGET);
static OTHER_70: CodeRow = row(2_300_070, Wait, "the daily budget is used up; sending resumes the next day", RUN_AGAIN)
    .wait(Pause::NextDay)
    .of_campaign();
static OTHER_71: CodeRow =
    row(2_300_071, Wait, "pacing limit; try again in about 30 minutes", RUN_AGAIN).wait(HALF_HOUR);
static OTHER_72: CodeRow = row(2_300_072, Stop, "the ad account's total spending limit is reached", PAYMENT);
static OTHER_73: CodeRow =
    row(2_300_073, Wait, "a daily limit of the ad account is reached; try again later", RUN_AGAIN);
static OTHER_74: CodeRow = row(2_300_074, Stop, "the prepaid balance is empty", PAYMENT);
static OTHER_75: CodeRow = row(2_300_075, Stop, "the stored balance is too low", PAYMENT);
static OTHER_76: CodeRow = row(2_300_076, Wait, "a daily spending limit is reached; try again later", RUN_AGAIN);
static OTHER_77: CodeRow =
    row(2_300_077, Wait, "a billing limit is reached; try again in about 30 minutes", RUN_AGAIN).wait(HALF_HOUR);
static OTHER_78: CodeRow =
    row(2_300_078, Wait, "a brand's credit limit is reached; try again in about 30 minutes", RUN_AGAIN).wait(HALF_HOUR);
static OTHER_79: CodeRow = row(2_300_079, Wait, "a daily spending limit is reached; try again later", RUN_AGAIN);
