//! What became visible, counted by its id: the proof that something happened once, and not twice.
//!
//! Counts outlive recordings, for a test may make more requests than are kept. Memory is bounded: past the limit the
//! oldest id is forgotten, and `forgotten` says so, because from then on a repeat of it could pass unseen.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::simulator::Effect;

const MOST_IDS: usize = 500_000;
const MOST_REPEATED: usize = 1_000;

/// Which effects. Nothing means all.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct EffectFilter {
    pub simulator: Option<String>,
    pub what: Option<String>,
    pub place: Option<String>,
    pub id: Option<String>,
}

impl EffectFilter {
    pub fn of(simulator: &str) -> Self {
        Self { simulator: Some(simulator.to_owned()), ..Self::default() }
    }

    #[must_use]
    pub fn what(mut self, what: &str) -> Self {
        self.what = Some(what.to_owned());
        self
    }

    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        self.place = Some(place.to_owned());
        self
    }

    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    fn accepts(&self, spot: &Spot) -> bool {
        let fits = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        fits(&self.simulator, spot.simulator) && fits(&self.what, spot.what) && fits(&self.place, &spot.place)
    }
}

/// One effect and how often it became visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    pub simulator: &'static str,
    #[serde(flatten)]
    pub effect: Effect,
    pub times: u64,
}

/// What is visible of what was asked for.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Visible {
    /// With repeats.
    pub total: u64,
    /// Without.
    pub distinct: u64,
    /// Those that became visible more than once; the first thousand.
    pub repeated: Vec<Counted>,
    /// Ids that were too old to be kept, of all simulators.
    pub forgotten: u64,
    /// Newest first, as many as were asked for.
    pub effects: Vec<Counted>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    simulator: &'static str,
    what: &'static str,
    place: String,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    simulator: &'static str,
    effect: Effect,
}

impl Key {
    fn spot(&self) -> Spot {
        Spot { simulator: self.simulator, what: self.effect.what, place: self.effect.place.clone() }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    total: u64,
    distinct: u64,
}

pub struct Counts {
    times: HashMap<Arc<Key>, u64>,
    /// Oldest first.
    order: VecDeque<Arc<Key>>,
    sums: BTreeMap<Spot, Sum>,
    forgotten: u64,
    most: usize,
}

impl Default for Counts {
    fn default() -> Self {
        Self::keeping(MOST_IDS)
    }
}

impl Counts {
    fn keeping(most: usize) -> Self {
        Self { times: HashMap::new(), order: VecDeque::new(), sums: BTreeMap::new(), forgotten: 0, most }
    }

    pub fn add(&mut self, simulator: &'static str, effect: Effect) {
        let key = Arc::new(Key { simulator, effect });
        let sum = self.sums.entry(key.spot()).or_default();
        sum.total += 1;
        let times = self.times.entry(Arc::clone(&key)).or_default();
        *times += 1;
        if *times > 1 {
            return;
        }
        sum.distinct += 1;
        self.order.push_back(key);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.times.remove(&oldest);
            self.forgotten += 1;
        }
    }

    /// How many became visible, with repeats.
    pub fn total(&self, filter: &EffectFilter) -> u64 {
        self.sum(filter).total
    }

    pub fn look(&self, filter: &EffectFilter, most: usize) -> Visible {
        let sum = self.sum(filter);
        let wanted = |key: &&Arc<Key>| {
            filter.accepts(&key.spot()) && filter.id.as_deref().is_none_or(|wanted| wanted == key.effect.id)
        };
        let counted = |key: &Arc<Key>| Counted {
            simulator: key.simulator,
            effect: key.effect.clone(),
            times: self.times.get(key).copied().unwrap_or_default(),
        };
        let all = || self.order.iter().rev().filter(wanted).map(counted);
        Visible {
            total: sum.total,
            distinct: sum.distinct,
            repeated: all().filter(|counted| counted.times > 1).take(MOST_REPEATED).collect(),
            forgotten: self.forgotten,
            effects: all().take(most).collect(),
        }
    }

    /// Forgets those of one simulator, or all.
    pub fn clear(&mut self, simulator: Option<&str>) {
        let goes = |name: &str| simulator.is_none_or(|wanted| wanted == name);
        self.times.retain(|key, _| !goes(key.simulator));
        self.order.retain(|key| !goes(key.simulator));
        self.sums.retain(|spot, _| !goes(spot.simulator));
        if simulator.is_none() {
            self.forgotten = 0;
        }
    }

    /// Goes over places, not over ids: waiting for the hundred thousandth effect must not count them each time.
    fn sum(&self, filter: &EffectFilter) -> Sum {
        let mut sum = Sum::default();
        for (spot, here) in self.sums.iter().filter(|(spot, _)| filter.accepts(spot)) {
            let found = match &filter.id {
                None => *here,
                Some(id) => self.sum_of(spot, id),
            };
            sum.total += found.total;
            sum.distinct += found.distinct;
        }
        sum
    }

    fn sum_of(&self, spot: &Spot, id: &str) -> Sum {
        let effect = Effect { what: spot.what, place: spot.place.clone(), id: id.to_owned() };
        let times = self.times.get(&Key { simulator: spot.simulator, effect }).copied().unwrap_or_default();
        Sum { total: times, distinct: u64::from(times > 0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(what: &'static str, place: &str, id: &str) -> Effect {
        Effect { what, place: place.to_owned(), id: id.to_owned() }
    }

    #[test]
    fn repeats_are_told_from_new_ones() {
        let mut counts = Counts::default();
        for id in ["1", "2", "1"] {
            counts.add("slack", effect("message_posted", "T1/B1", id));
        }
        counts.add("pagerduty", effect("incident_opened", "key", "1"));
        let visible = counts.look(&EffectFilter::of("slack"), 10);
        assert_eq!((visible.total, visible.distinct), (3, 2));
        assert_eq!(visible.repeated.iter().map(|it| (it.effect.id.as_str(), it.times)).collect::<Vec<_>>(), [("1", 2)]);
        assert_eq!(visible.effects[0].effect.id, "2");
        assert_eq!(counts.total(&EffectFilter::default().id("1")), 3);
        assert_eq!(counts.total(&EffectFilter::of("slack").what("message_posted").at("T1/B1").id("2")), 1);
        assert_eq!(counts.total(&EffectFilter::of("slack").at("T2/B1")), 0);
    }

    #[test]
    fn memory_is_bounded_and_forgetting_is_told() {
        let mut counts = Counts::keeping(2);
        for id in ["1", "2", "3"] {
            counts.add("slack", effect("message_posted", "T1/B1", id));
        }
        let visible = counts.look(&EffectFilter::default(), 10);
        assert_eq!((visible.total, visible.forgotten, visible.effects.len()), (3, 1, 2));
    }

    #[test]
    fn one_simulator_is_cleared_alone() {
        let mut counts = Counts::default();
        counts.add("slack", effect("message_posted", "T1/B1", "1"));
        counts.add("pagerduty", effect("incident_opened", "key", "1"));
        counts.clear(Some("slack"));
        assert_eq!(counts.total(&EffectFilter::default()), 1);
        counts.clear(None);
        assert_eq!(counts.total(&EffectFilter::default()), 0);
    }
}
