"""Drives the sandbox with Meta's Python SDK as it is published. Only the host is another one."""

import json
import os
import time

from facebook_business.adobjects.ad import Ad
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adset import AdSet
from facebook_business.adobjects.campaign import Campaign
from facebook_business.adobjects.page import Page
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

FacebookSession.GRAPH = os.environ["MMSG_GRAPH_URL"]
secret = os.environ["MMSG_APP_SECRET"]
api = FacebookAdsApi.init(app_secret=secret, access_token=os.environ["MMSG_TOKEN"], crash_log=False)
page_api = FacebookAdsApi(FacebookSession(app_secret=secret, access_token=os.environ["MMSG_PAGE_TOKEN"]))
account = AdAccount(os.environ["MMSG_AD_ACCOUNT"], api=api)
page_id = os.environ["MMSG_PAGE"]
page = Page(page_id, api=page_api)
MESSAGE = {
    "attachment": {
        "type": "template",
        "payload": {
            "template_type": "generic",
            "elements": [
                {
                    "title": "Spring & summer",
                    "image_url": "https://example.com/a.png",
                    "buttons": [{"type": "web_url", "title": "Shop now", "url": "https://example.com/?a=1&b=2"}],
                }
            ],
        },
    }
}


def same(seen, wanted):
    assert seen == wanted, f"{seen!r} is not {wanted!r}"


def refused(code, call, subcode=None):
    try:
        call()
    except FacebookRequestError as error:
        same((error.api_error_code(), error.api_error_subcode()), (code, subcode))
        return error
    raise AssertionError(f"not refused with {code}")


# Create. Zero is "none" beside the other budget.
made = account.create_message_campaign(
    params={"name": "Spring & more", "page_id": page_id, "lifetime_budget": 3000, "daily_budget": 0}
)
other = account.create_message_campaign(params={"name": "Autumn", "page_id": page_id, "daily_budget": 500})
low = refused(
    100,
    lambda: account.create_message_campaign(params={"name": "Low", "page_id": page_id, "daily_budget": 1}),
    1885272,
)
assert low.body()["error"]["error_user_title"] and low.body()["error"]["error_user_msg"]
budgets = account.get_minimum_budgets(fields=["currency", "min_daily_budget_imp"])
assert any(row["currency"] == "USD" and row["min_daily_budget_imp"] == 100 for row in budgets)
estimate = account.get_message_delivery_estimate(
    fields=["estimate_cost_upper_bound"],
    params={
        "promoted_object": {"page_id": page_id},
        "targeting_spec": {"publisher_platforms": ["messenger"], "messenger_positions": ["marketing_messages"]},
        "is_direct_send_campaign": True,
        "lifetime_budget": 3000,
    },
)
# As many as are on the token list, and no more than the budget pays.
assert 0 < estimate[0]["estimate_cost_upper_bound"] <= 3000

# List, with filters, from above, and a total.
ads = account.get_ads(fields=["id", "name", "campaign{id,is_message_campaign}"])
ours = [ad["id"] for ad in ads if ad["campaign"]["is_message_campaign"]]
same(ours, [other["id"], made["id"]])
same(ads.total(), 8)
one = account.get_ads(params={"filtering": [{"field": "ad.id", "operator": "IN", "value": [made["id"]]}]})
same([ad["id"] for ad in one], [made["id"]])
sets = account.get_ad_sets(fields=["name"], params={"effective_status": ["ACTIVE"], "limit": 1})
first = sets[0]["id"]
assert sets.load_next_page() and sets[0]["id"] != first
refused(100, lambda: account.get_ads(params={"filtering": [{"field": "nonsense", "operator": "EQUAL", "value": 1}]}))

# Get.
ad = Ad(made["id"], api=api).api_get(
    fields=["name", "adset_id", "campaign_id", "creative{actor_id}", "adset{lifetime_budget,daily_budget}"]
)
same(ad["creative"]["actor_id"], page_id)
same((ad["adset"]["lifetime_budget"], ad["adset"]["daily_budget"]), ("3000", "0"))
campaign = Campaign(ad["campaign_id"], api=api)
same([row["id"] for row in campaign.get_ads()], [made["id"]])
same([row["id"] for row in campaign.get_ad_sets()], [ad["adset_id"]])
refused(100, lambda: Ad("120299999999999999", api=api).api_get(), 33)

# Edit: the budget belongs to the ad set. To the ad it is a success that changes nothing.
ad_set = AdSet(ad["adset_id"], api=api)
budget = lambda: ad_set.api_get(fields=["lifetime_budget"])["lifetime_budget"]
Ad(made["id"], api=api).api_update(params={"lifetime_budget": 9000})
same(budget(), "3000")
ad_set.api_update(params={"lifetime_budget": 9000, "name": "Spring set"})
same(budget(), "9000")
campaign.api_update(params={"name": "Spring renamed"})
same(campaign.api_get(fields=["name"])["name"], "Spring renamed")
refused(100, lambda: ad_set.api_update(params={"lifetime_budget": 1}), 1885272)
same(budget(), "9000")

# Send: as text, and with a number for a token.
def send(token):
    return account.create_message(
        params={
            "message_id": made["id"],
            "messenger_delivery_data": {"subscription_token": token},
            "message": MESSAGE,
        }
    )


assert send("person-a")["marketing_message_tracking_id"]
send(7104857600123456781)
refused(2300035, lambda: send("person-a"))
refused(2300035, lambda: send("7104857600123456781"))

# Preview.
preview = account.get_generate_previews(
    params={
        "ad_format": "MESSENGER_MARKETING_MESSAGES_MEDIA",
        "creative": {
            "marketing_message_structured_spec": {},
            "object_story_spec": {"page_id": page_id, "link_data": {}},
        },
        "message": MESSAGE,
    }
)
assert "<iframe" in preview[0]["body"]

# The Page: its fields, tokens, webhooks.
same(page.api_get(fields=["name", "about", "fan_count"])["name"], "Sandbox Page")
tokens = page.get_notification_message_tokens(params={"limit": 100})
everybody = {row["notification_messages_token"] for row in tokens}
same(len(everybody), 250)
page.create_subscribed_app(params={"subscribed_fields": ["messages", "feed", "marketing_message_reads"]})
apps = page.get_subscribed_apps()
same(sorted(apps[0]["subscribed_fields"]), ["feed", "marketing_message_reads", "messages"])
page.delete_subscribed_apps()
same(len(page.get_subscribed_apps()), 0)

# Insights, once something was delivered.
fields = ["marketing_messages_delivered", "marketing_messages_spend"]
for _ in range(600):
    rows = Ad(made["id"], api=api).get_insights(fields=fields, params={"date_preset": "maximum"})
    if len(rows) == 1 and rows[0]["marketing_messages_delivered"] == "2":
        break
    time.sleep(0.1)
else:
    raise AssertionError(f"insights: {rows}")
daily = account.get_insights(
    fields=fields + ["ad_id"], params={"date_preset": "maximum", "time_increment": 1, "level": "ad"}
)
same(sum(int(row["marketing_messages_delivered"]) for row in daily), 2)
assert all(row["date_start"] == row["date_stop"] and row["ad_id"] == made["id"] for row in daily)
refused(100, lambda: account.get_insights(fields=fields, params={"breakdowns": ["age"]}))

# A batch: a read, a send, and what fails, each with its answer.
seen = []
keep = lambda response: seen.append((response.status(), response.json()))
batch = api.new_batch()
Ad(made["id"], api=api).api_get(fields=["name"], batch=batch, success=keep, failure=keep)
account.create_message(
    params={
        "message_id": made["id"],
        "messenger_delivery_data": {"subscription_token": "person-b"},
        "message": {"text": "Hello & welcome"},
    },
    batch=batch,
    success=keep,
    failure=keep,
)
Ad("12", api=api).api_get(batch=batch, success=keep, failure=keep)
assert batch.execute() is None, "a call of the batch had no answer"
same([status for status, _ in seen], [200, 200, 400])
same(seen[0][1]["name"], "Spring & more")
same(seen[1][1]["success"], True)

# What Graph removed.
refused(12, lambda: Ad(made["id"], api=api).api_get(params={"date_format": "U"}))
refused(12, lambda: Ad(made["id"], api=api).api_get(fields=["name.as(title)"]))

# Delete.
for gone in (made["id"], other["id"]):
    Ad(gone, api=api).api_delete()
same([ad["id"] for ad in account.get_ads(fields=["campaign{is_message_campaign}"]) if ad["campaign"]["is_message_campaign"]], [])
refused(2300001, lambda: send("person-c"))
print(json.dumps({"requests": api.get_num_requests_attempted(), "version": api.API_VERSION}))
