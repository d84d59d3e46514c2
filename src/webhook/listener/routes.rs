//! Whose a notice is: the apps whose secret signed it, and the ledgers that its events go to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Business;
use crate::ledger::events::Event;
use crate::webhook::signature::Keys;

pub(super) struct Routes {
    keys: Keys,
    /// By key: the businesses that have it as one of their app secrets.
    having: Vec<Vec<usize>>,
    /// By business: its ledger.
    ledgers: Vec<usize>,
    /// By Page: its businesses.
    pages: HashMap<String, Vec<usize>>,
}

impl Routes {
    pub(super) fn new(businesses: &[Business]) -> Self {
        // Those that share an app share its secret.
        let mut secrets = Vec::new();
        let mut having: Vec<Vec<usize>> = Vec::new();
        let mut places = HashMap::new();
        let mut pages: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, business) in businesses.iter().enumerate() {
            for secret in &business.app_secrets {
                let place = *places.entry(secret.expose()).or_insert_with(|| {
                    secrets.push(secret.clone());
                    having.push(Vec::new());
                    having.len() - 1
                });
                if let Some(having) = having.get_mut(place) {
                    having.push(index);
                }
            }
            if let Some(page) = &business.page {
                pages.entry(page.clone()).or_default().push(index);
            }
        }
        let ledgers = businesses.iter().map(|business| business.ledger).collect();
        Self { keys: Keys::new(&secrets), having, ledgers, pages }
    }

    /// The businesses whose app signed these bytes.
    pub(super) fn signers(&self, header: &[u8], body: &[u8]) -> BTreeSet<usize> {
        let signed = self.keys.signers(Some(header), body);
        signed.into_iter().filter_map(|key| self.having.get(key)).flatten().copied().collect()
    }

    /// The events of a notice by the ledger that they go to. An app speaks for its own businesses only. What is about none of their Pages
    /// goes to the first of their ledgers, where it is kept as foreign; without a Page, to all, since only a ledger knows whose it is.
    pub(super) fn sort(&self, signers: &BTreeSet<usize>, events: Vec<Event>) -> BTreeMap<usize, Vec<Event>> {
        let theirs: BTreeSet<usize> =
            signers.iter().filter_map(|business| self.ledgers.get(*business)).copied().collect();
        let mut sorted: BTreeMap<usize, Vec<Event>> = BTreeMap::new();
        let Some(first) = theirs.first().copied() else { return sorted };
        if theirs.len() == 1 {
            sorted.insert(first, events);
            return sorted;
        }
        for event in events {
            let mut into: BTreeSet<usize> = match event.page() {
                None => theirs.clone(),
                Some(page) => {
                    let of_page =
                        self.pages.get(page).into_iter().flatten().filter(|business| signers.contains(business));
                    of_page.filter_map(|business| self.ledgers.get(*business)).copied().collect()
                }
            };
            let last = into.pop_last().unwrap_or(first);
            for ledger in into {
                sorted.entry(ledger).or_default().push(event.clone());
            }
            sorted.entry(last).or_default().push(event);
        }
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use crate::webhook::{notice, signature::sign};

    fn business(page: &str, secrets: &[&str], ledger: usize) -> Business {
        let app_secrets = secrets.iter().map(|secret| Secret::new(*secret)).collect();
        Business { page: Some(page.to_owned()).filter(|page| !page.is_empty()), app_secrets, ledger }
    }

    /// How many events go to each ledger, of a notice with one event for each of these Pages, signed with this secret.
    fn sorted(routes: &Routes, secret: &str, pages: &[&str]) -> Vec<(usize, usize)> {
        let entries: Vec<String> = pages
            .iter()
            .map(|page| {
                let id = if page.is_empty() { String::new() } else { format!("\"id\": \"{page}\",") };
                format!(
                    "{{{id} \"time\": 1796083200, \"changes\": [{{\"field\": \"marketing_message_reads\",
                      \"value\": {{\"messenger_subscription_token\": \"t{page}\"}}}}]}}"
                )
            })
            .collect();
        let body = format!("{{\"object\": \"page\", \"entry\": [{}]}}", entries.join(","));
        let signers = routes.signers(sign(secret.as_bytes(), body.as_bytes()).as_bytes(), body.as_bytes());
        let events = notice::read(body.as_bytes()).unwrap().events;
        assert_eq!(events.len(), pages.len());
        routes.sort(&signers, events).into_iter().map(|(ledger, events)| (ledger, events.len())).collect()
    }

    #[test]
    fn an_event_goes_to_the_ledger_of_its_page_if_the_app_may_speak_for_it() {
        let routes = Routes::new(&[
            business("1", &["app-a"], 0),
            business("2", &["app-a", "app-old"], 1),
            business("3", &["app-b"], 2),
            business("4", &["app-b"], 2),
        ]);
        assert_eq!(sorted(&routes, "app-a", &["1"]), [(0, 1)]);
        assert_eq!(sorted(&routes, "app-a", &["1", "2", "2"]), [(0, 1), (1, 2)]);
        assert_eq!(sorted(&routes, "app-old", &["2"]), [(1, 1)]);
        assert_eq!(sorted(&routes, "app-b", &["3", "4"]), [(2, 2)]);
        // Another app's Page, and nobody's, are foreign to the first ledger of this one; and nothing is lost.
        assert_eq!(sorted(&routes, "app-a", &["3", "9", "2"]), [(0, 2), (1, 1)]);
        assert_eq!(sorted(&routes, "app-a", &["", "2"]), [(0, 1), (1, 2)]);
        assert_eq!(sorted(&routes, "app-c", &["1"]), []);
    }

    #[test]
    fn with_one_ledger_all_goes_there() {
        let routes = Routes::new(&[business("", &["app"], 0)]);
        assert_eq!(sorted(&routes, "app", &["1", "", "2"]), [(0, 3)]);
    }
}
