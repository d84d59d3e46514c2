//! Codes that any Graph call may answer with.

use super::Class::{Doubt, Drop, Later, Message, Stop, Wait};
use super::{CodeRow, Pause, row};
use crate::campaign::CHANGES_IN;

const NEW_TOKEN: &str = "generate a new token and save it where mmsg config show says this one came from";
const PAGE_TOKEN: &str = "this call needs the Page's own token, not a system user's: set page_token in the profile, or MMSG_PAGE_TOKEN; \
     without either, mmsg reads it with the access token";
const PERMISSION: &str = "grant the token ads_management, pages_messaging and marketing_messages_messenger (or paid_marketing_messages), and \
     give its user access to the Page and the ad account; mmsg config show shows which ones are used";
const RUN_AGAIN: &str = "run again at the time shown; nothing is lost";
const SLOWER: &str = "send slower (--rate), and check whether something else uses the same account or app";
const PERSON: &str = "nothing to do: mmsg tries this recipient again later";
const OPT_IN: &str = "for a send, nothing: mmsg tries this recipient again later; an opt-in request works only within 24 hours of the \
     person's last message, and once a week for each topic";
const UNKNOWN: &str = "for a send, see mmsg unknown list; for anything else, run again";
const FIX: &str = "fix the message or the arguments; Graph's message says which parameter";

/// What 100 means where it speaks of `appsecret_proof`: Graph has no subcode for it.
pub(super) static WRONG_PROOF: CodeRow = row(
    100,
    Stop,
    "appsecret_proof is missing or wrong",
    "set the app secret of the token's app: app_secret in the profile, or MMSG_APP_SECRET",
)
.credentials();

/// By code, then subcode.
pub(super) static ROWS: &[CodeRow] = &[
    row(-1, Doubt, "unexpected internal error at Meta", UNKNOWN),
    row(
        -1,
        Doubt,
        "unexpected internal error; seen for an opt-in request without an image",
        "give the opt-in request an image_url: Meta calls it optional, but refuses the request without it",
    )
    .sub(2_018_012),
    row(1, Doubt, "unknown error, perhaps downtime at Meta", UNKNOWN),
    row(1, Doubt, "unknown error; often a missing permission", "if it keeps happening, check the token's permissions")
        .sub(99),
    row(2, Doubt, "the service is temporarily down, or the person blocked the business", UNKNOWN),
    row(3, Stop, "the app does not have the capability for this call", PERMISSION).credentials(),
    row(4, Wait, "the app makes too many calls", SLOWER).rate(),
    row(4, Wait, "the app makes too many Insights calls", RUN_AGAIN).sub(1_504_022).rate(),
    row(4, Wait, "the app makes too many Insights calls", RUN_AGAIN).sub(1_504_039).rate(),
    row(4, Wait, "notifications too frequent (old API)", SLOWER).sub(2_018_354).rate(),
    row(9, Wait, "too many opt-in requests", RUN_AGAIN).sub(2_018_352),
    row(10, Stop, "a permission is missing", PERMISSION).credentials(),
    row(10, Drop, "the recipient stopped notifications (old API)", "nothing to do: this recipient stays refused")
        .sub(1_893_015),
    row(10, Stop, "the Page is temporarily restricted from sending", "check Page quality in Meta's support pages")
        .sub(1_893_063),
    row(10, Later, "outside the allowed time window of the conversation", PERSON).sub(2_018_065),
    row(10, Later, "the recipient can't receive messages right now", PERSON).sub(2_018_108),
    row(10, Later, "outside the allowed time window of the conversation", OPT_IN).sub(2_018_278),
    row(10, Later, "outside the allowed time window of the conversation", PERSON).sub(2_534_022),
    row(
        12,
        Stop,
        "the call uses something that Meta removed from the API",
        "update mmsg; if this is the newest one, report the command and the fbtrace_id",
    ),
    row(17, Wait, "the user or the ad account makes too many calls", SLOWER).rate(),
    row(17, Wait, "the account's spending limit was changed more than 10 times today", RUN_AGAIN).sub(1_885_172).rate(),
    row(17, Wait, "the ad account makes too many calls", SLOWER).sub(2_446_079).rate(),
    row(32, Wait, "the Page makes too many calls", SLOWER).rate(),
    row(100, Message, "a parameter is wrong", FIX),
    row(
        100,
        Stop,
        "the object does not exist, or the token has no permission for it",
        "check the ID with mmsg campaign list, the ad account with mmsg config show, and the token's permissions",
    )
    .sub(33),
    row(
        100,
        Drop,
        "no such user",
        "many in a row mean the wrong Page, app or token; subscription tokens work only in the ad account's messages, as \
         mmsg send uses them, not in the Page's",
    )
    .sub(2_018_001),
    row(100, Message, "Meta could not fetch a file of the message", "check that the URL is public").sub(2_018_008),
    row(100, Message, "an attachment has the wrong media type", FIX).sub(2_018_047),
    row(100, Message, "an attachment belongs to another owner", FIX).sub(2_018_074),
    row(100, Message, "an attachment is too large", FIX).sub(2_018_109),
    row(100, Message, "fetching a video took too long", "use a smaller video or a faster host").sub(2_018_294),
    row(100, Message, "a product ID is wrong", FIX).sub(2_018_320),
    row(102, Stop, "the token's session has ended", NEW_TOKEN).credentials(),
    row(190, Stop, "the access token is no longer valid", NEW_TOKEN).credentials(),
    row(190, Stop, "the app is not installed for the token's user", NEW_TOKEN).sub(458).credentials(),
    row(190, Stop, "the token's user must log in at facebook.com first", NEW_TOKEN).sub(459).credentials(),
    row(190, Stop, "the token's user changed the password", NEW_TOKEN).sub(460).credentials(),
    row(190, Stop, "the access token has expired", NEW_TOKEN).sub(463).credentials(),
    row(190, Stop, "the token's user is not confirmed", NEW_TOKEN).sub(464).credentials(),
    row(190, Stop, "the access token is invalid", NEW_TOKEN).sub(467).credentials(),
    row(190, Stop, "the token's user has no role on the Page", PERMISSION).sub(492).credentials(),
    row(190, Stop, "the call needs the Page's own token", PAGE_TOKEN).sub(2_069_032).credentials(),
    row(200, Stop, "a permission is missing (codes 200 to 299)", PERMISSION).credentials(),
    row(200, Later, "the person is not available or does not receive messages", PERSON).sub(1_545_041),
    row(294, Stop, "the ads_management permission is missing", PERMISSION).credentials(),
    row(341, Wait, "a limit of the app is reached", SLOWER).rate(),
    row(
        368,
        Stop,
        "blocked for violating Meta's policies",
        "check Page and account quality in Meta's support pages, then wait",
    ),
    row(506, Message, "the same content was posted before", "change the content"),
    row(551, Later, "the person is not available or does not receive messages", PERSON),
    row(551, Later, "the person is not available or does not receive messages", PERSON).sub(1_545_041),
    row(613, Wait, "too many calls of one kind; without a subcode, also Meta's abuse protection", SLOWER).rate(),
    row(613, Wait, "an unusual volume of calls", SLOWER).sub(1996).rate(),
    row(613, Wait, "too many ads created for what the account spends", RUN_AGAIN).sub(1_487_225).rate(),
    row(613, Wait, "a budget can be changed only 4 times per hour", RUN_AGAIN).sub(1_487_632).rate().wait(Pause::For(CHANGES_IN)),
    row(613, Wait, "the ad account makes too many calls", SLOWER).sub(1_487_742).rate(),
    row(613, Wait, "more than 100 objects per second created or changed", SLOWER).sub(5_044_001).rate(),
    row(80_000, Wait, "too many Insights calls", RUN_AGAIN).rate(),
    row(80_000, Wait, "too many Insights calls", RUN_AGAIN).sub(2_446_079).rate(),
    row(80_001, Wait, "too many Page calls", SLOWER).rate(),
    row(80_002, Wait, "too many Instagram calls", SLOWER).rate(),
    row(80_003, Wait, "too many custom-audience calls", RUN_AGAIN).rate(),
    row(80_003, Wait, "too many custom-audience calls", RUN_AGAIN).sub(2_446_079).rate(),
    row(80_004, Wait, "too many ads-management calls for the ad account", SLOWER).rate(),
    row(80_004, Wait, "too many ads-management calls for the ad account", SLOWER).sub(2_446_079).rate(),
    row(80_005, Wait, "too many lead-generation calls", RUN_AGAIN).rate(),
    row(80_006, Wait, "too many Messenger calls for the Page", SLOWER).rate(),
    row(80_007, Wait, "too many calls for one business use case", SLOWER).rate(),
    row(80_008, Wait, "too many WhatsApp calls", RUN_AGAIN).rate(),
    row(80_009, Wait, "too many catalog calls", RUN_AGAIN).rate(),
    row(80_010, Wait, "too many calls for one business use case", SLOWER).rate(),
    row(80_011, Wait, "too many calls for one business use case", SLOWER).rate(),
    row(80_012, Wait, "too many calls for one business use case", SLOWER).rate(),
    row(80_013, Wait, "too many calls for one business use case", SLOWER).rate(),
    row(80_014, Wait, "too many catalog batch calls", RUN_AGAIN).rate(),
];
