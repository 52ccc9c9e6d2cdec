//! How many live streams stand open, by caller and by tenant: each costs the database a look a second.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use socialai_domain::problems::{Code, Problem};

const PER_CALLER: u32 = 10;
const PER_TENANT: u32 = 200;
/// Visitors of the workspace's websites are many, have few tabs, and do not take the places of its people.
const VISITORS_PER_TENANT: u32 = 5_000;
const PER_VISITOR: u32 = 5;

/// Counts by name; a name with no stream is not kept.
#[derive(Debug, Clone, Default)]
pub struct OpenStreams(Arc<Mutex<HashMap<String, u32>>>);

/// One open stream; dropping it gives its place back.
#[derive(Debug)]
pub struct Place {
    streams: OpenStreams,
    names: [String; 2],
}

impl OpenStreams {
    pub fn take(&self, tenant: String, caller: String) -> Result<Place, Problem> {
        self.take_of((tenant, PER_TENANT), (caller, PER_CALLER))
    }

    /// One for a visitor in a web chat.
    pub fn take_for_visitor(&self, tenant: &str, visitor: &str) -> Result<Place, Problem> {
        let (tenant, visitor) = (format!("visitors of {tenant}"), format!("visitor {visitor}"));
        self.take_of((tenant, VISITORS_PER_TENANT), (visitor, PER_VISITOR))
    }

    fn take_of(&self, (tenant, most): (String, u32), (caller, most_of_one): (String, u32)) -> Result<Place, Problem> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, most) in [(&tenant, most), (&caller, most_of_one)] {
            if counts.get(name).is_some_and(|count| *count >= most) {
                let detail = format!("{most} live streams are open already; close one.");
                return Err(Problem::new(Code::RateLimited, detail).retry_after(std::time::Duration::from_secs(10)));
            }
        }
        for name in [&tenant, &caller] {
            *counts.entry(name.clone()).or_default() += 1;
        }
        drop(counts);
        Ok(Place { streams: self.clone(), names: [tenant, caller] })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        for name in &self.names {
            if let Some(count) = counts.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_and_given_back() {
        let streams = OpenStreams::default();
        let take = |caller: &str| streams.take("tenant".to_owned(), caller.to_owned());
        let mut held: Vec<_> = (0..PER_CALLER).map(|_| take("ann").unwrap()).collect();
        assert_eq!(take("ann").unwrap_err().code, Code::RateLimited);
        assert!(take("bob").is_ok(), "others have their own");
        held.pop();
        assert!(take("ann").is_ok());
        drop(held);
        let tabs: Vec<_> = (0..PER_VISITOR).map(|_| streams.take_for_visitor("tenant", "ann").unwrap()).collect();
        assert_eq!(streams.take_for_visitor("tenant", "ann").unwrap_err().code, Code::RateLimited);
        assert!(take("ann").is_ok(), "visitors do not take the places of callers");
        drop(tabs);
        assert!(streams.0.lock().unwrap().is_empty());
    }
}
