// Drives the sandbox with Meta's Node SDK as it is published. Only the host is another one.

import assert from 'node:assert/strict';
import sdk from 'facebook-nodejs-business-sdk';

const { FacebookAdsApi, FacebookAdsApiBatch, AdAccount, Ad, AdSet, Campaign, Page } = sdk;
const env = process.env;
Object.defineProperty(FacebookAdsApi, 'GRAPH', { get: () => env.MMSG_GRAPH_URL });

const api = FacebookAdsApi.init(env.MMSG_TOKEN, 'en_US', false);
const pageApi = new FacebookAdsApi(env.MMSG_PAGE_TOKEN, 'en_US', false);
// This SDK gives an object the ID that a write to one of its edges answered, so each call gets a new one.
const account = () => new AdAccount(env.MMSG_AD_ACCOUNT, {}, undefined, api);
const page = () => new Page(env.MMSG_PAGE, {}, undefined, pageApi);
const adOf = (id) => new Ad(id, {}, undefined, api);
const campaignOf = (id) => new Campaign(id, {}, undefined, api);
const MESSAGE = { text: 'Hello & welcome' };

async function refused(code, subcode, call) {
  let error;
  try {
    await call();
  } catch (caught) {
    error = caught;
  }
  assert.ok(error, `not refused with ${code}`);
  const told = error.response.error ?? error.response;
  assert.deepEqual([told.code, told.error_subcode], [code, subcode], JSON.stringify(told));
  return told;
}

// Create. Zero is "none" beside the other budget.
const made = await account().createMessageCampaign([], {
  name: 'Spring & more',
  page_id: env.MMSG_PAGE,
  lifetime_budget: 3000,
  daily_budget: 0,
});
const other = await account().createMessageCampaign([], { name: 'Autumn', page_id: env.MMSG_PAGE, daily_budget: 500 });
const [id, otherId] = [made.id, other.id];
await refused(100, 1885272, () =>
  account().createMessageCampaign([], { name: 'Low', page_id: env.MMSG_PAGE, daily_budget: 1 }),
);
const budgets = await account().getMinimumBudgets(['currency', 'min_daily_budget_imp']);
assert.ok(budgets.some((row) => row.currency === 'USD' && row.min_daily_budget_imp === 100));

// List: forwards by the address in `next`, and back by `previous`; this SDK follows both. Pages may be short or empty.
const listed = [];
const ads = await account().getAds(['id', 'name', 'campaign{is_message_campaign}'], { limit: 2 });
listed.push(...ads.map((ad) => ad.id));
const firstPage = [...listed];
while (ads.hasNext()) {
  await ads.next();
  listed.push(...ads.map((ad) => ad.id));
}
assert.equal(listed.length, 8);
assert.deepEqual(listed.filter((found) => [id, otherId].includes(found)).length, 2);
let back = [];
while (ads.hasPrevious()) {
  await ads.previous();
  back = [...ads.map((ad) => ad.id), ...back];
}
assert.deepEqual(back.slice(0, firstPage.length), firstPage);
const one = await account().getAds(['id'], { filtering: [{ field: 'ad.id', operator: 'IN', value: [id] }] });
assert.deepEqual(one.map((ad) => ad.id), [id]);
await refused(100, undefined, () =>
  account().getAds(['id'], { filtering: [{ field: 'nonsense', operator: 'EQUAL', value: 1 }] }),
);

// Get.
const ad = await adOf(id).get(['name', 'adset_id', 'campaign_id', 'creative{actor_id}']);
assert.equal(ad.creative.actor_id, env.MMSG_PAGE);
const campaign = () => campaignOf(ad.campaign_id);
assert.deepEqual((await campaign().getAds(['id'])).map((row) => row.id), [id]);
assert.deepEqual((await campaign().getAdSets(['id'])).map((row) => row.id), [ad.adset_id]);
await refused(100, 33, () => adOf('120299999999999999').get(['id']));

// Edit: the budget belongs to the ad set. To the ad it is a success that changes nothing.
const adSet = () => new AdSet(ad.adset_id, {}, undefined, api);
const budget = async () => (await adSet().get(['lifetime_budget'])).lifetime_budget;
await adOf(id).update([], { lifetime_budget: 9000 });
assert.equal(await budget(), '3000');
await adSet().update([], { lifetime_budget: 9000, name: 'Spring set' });
assert.equal(await budget(), '9000');
await campaign().update([], { name: 'Spring renamed' });
assert.equal((await campaign().get(['name'])).name, 'Spring renamed');

// Send.
const send = (token) =>
  account().createMessage([], {
    message_id: id,
    messenger_delivery_data: { subscription_token: token },
    message: MESSAGE,
  });
await send('person-a');
await send('7104857600123456781');
await refused(2300035, undefined, () => send('person-a'));

// Preview.
const previews = await account().getGeneratePreviews([], {
  ad_format: 'MESSENGER_MARKETING_MESSAGES_MEDIA',
  creative: {
    marketing_message_structured_spec: {},
    object_story_spec: { page_id: env.MMSG_PAGE, link_data: {} },
  },
  message: MESSAGE,
});
assert.ok(previews[0].body.includes('<iframe'));

// The Page: its fields, tokens, webhooks.
assert.equal((await page().get(['name', 'about', 'fan_count'])).name, 'Sandbox Page');
const people = new Set();
const tokens = await page().getEdge(
  sdk.AdPreview,
  ['notification_messages_token'],
  { limit: 100 },
  true,
  '/notification_message_tokens',
);
tokens.forEach((row) => people.add(row._data.notification_messages_token));
while (tokens.hasNext()) {
  await tokens.next();
  tokens.forEach((row) => people.add(row._data.notification_messages_token));
}
assert.equal(people.size, 250);
await page().createSubscribedApp([], { subscribed_fields: ['messages', 'feed'] });
const apps = await page().getSubscribedApps(['id', 'subscribed_fields']);
assert.deepEqual(apps[0]._data.subscribed_fields, ['feed', 'messages']);
await page().deleteSubscribedApps();

// A batch. This SDK names a call after its parameter `name`, and writes its body without encoding it.
const seen = [];
const keep = (response) => seen.push([response.status, response.body]);
const batch = new FacebookAdsApiBatch(api);
batch.add('GET', [id], { fields: 'name' }, undefined, keep, keep);
batch.add('POST', [ad.campaign_id], { name: 'Spring again' }, undefined, keep, keep);
batch.add(
  'POST',
  [env.MMSG_AD_ACCOUNT, 'messages'],
  { message_id: id, messenger_delivery_data: { subscription_token: 'person-b' }, message: { text: 'Hello' } },
  undefined,
  keep,
  keep,
);
batch.add('GET', ['12'], {}, undefined, keep, keep);
assert.equal(await batch.execute(), null);
assert.deepEqual(seen.map(([status]) => status), [200, 200, 200, 400]);
assert.equal(seen[0][1].name, 'Spring & more');
assert.equal((await campaign().get(['name'])).name, 'Spring again');

// Insights, once something was delivered.
const fields = ['marketing_messages_delivered'];
const insights = async (object, params) => (await object.getInsights(fields, params)).map((row) => row._data);
let rows = [];
for (let tries = 0; tries < 600; tries += 1) {
  rows = await insights(adOf(id), { date_preset: 'maximum' });
  if (rows[0]?.marketing_messages_delivered === '3') break;
  await new Promise((resolve) => setTimeout(resolve, 100));
}
assert.equal(rows[0]?.marketing_messages_delivered, '3', JSON.stringify(rows));
const daily = await insights(account(), { date_preset: 'maximum', time_increment: 1, level: 'ad' });
assert.equal(daily.reduce((sum, row) => sum + Number(row.marketing_messages_delivered), 0), 3);
await refused(100, undefined, () => account().getInsights(fields, { breakdowns: ['age'] }));

// What Graph removed.
await refused(12, undefined, () => api.call('GET', [id], { date_format: 'U' }));

// Delete.
for (const gone of [id, otherId]) {
  await adOf(gone).delete([]);
}
const left = await account().getAds(['campaign{is_message_campaign}']);
assert.ok(left.every((row) => !row.campaign.is_message_campaign));
await refused(2300001, undefined, () => send('person-c'));
console.log(JSON.stringify({ version: FacebookAdsApi.VERSION }));
