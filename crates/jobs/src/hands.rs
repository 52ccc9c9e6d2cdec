//! What one worker has in hand, and how much more it may take.
//!
//! Nobody starves: a quarter of the slots, and one at least, is out of reach for each speed, so that a flood of urgent jobs has
//! not all of them; and a quarter of what is left for a speed is out of reach for each tenant, so that whoever comes beside a
//! flood finds a slot of its speed that is free.

use std::{collections::BTreeMap, sync::Arc};

use socialai_queue::jobs::{Claimed, Speed};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// The slots in use, by speed, tenant and lease. A slot has one lane, or local jobs of several.
pub struct Hands {
    slots: usize,
    /// How many of them work at once, of all tenants and of one.
    at_once: Arc<Semaphore>,
    at_once_of_tenant: usize,
    by_speed: [usize; 2],
    by_tenant: BTreeMap<Uuid, OfTenant>,
    /// One for each slot; what was claimed together has the same.
    leases: Vec<Uuid>,
}

struct OfTenant {
    slots: usize,
    at_once: Arc<Semaphore>,
}

/// One slot in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    pub tenant: Uuid,
    pub speed: Speed,
    lease: Uuid,
}

/// A place in the line of those that want to work.
pub struct Turn {
    of_tenant: Arc<Semaphore>,
    of_all: Arc<Semaphore>,
}

impl Turn {
    /// Waits for the turn, which lasts until the answer is dropped. First among those of the tenant, so that the line of all
    /// is never longer than the tenants' shares.
    pub async fn take(self) -> [Option<OwnedSemaphorePermit>; 2] {
        // They are never closed.
        [self.of_tenant.acquire_owned().await.ok(), self.of_all.acquire_owned().await.ok()]
    }
}

impl Taken {
    pub fn of(job: &Claimed) -> Self {
        Self { tenant: job.lease.tenant, speed: job.speed, lease: job.lease.token }
    }
}

impl Hands {
    pub fn new(slots: usize, at_once: usize, at_once_of_tenant: usize) -> Self {
        let (slots, at_once) = (slots.max(1), at_once.max(1));
        Self {
            slots,
            at_once: Arc::new(Semaphore::new(at_once)),
            at_once_of_tenant: at_once_of_tenant.clamp(1, at_once),
            by_speed: [0; 2],
            by_tenant: BTreeMap::new(),
            leases: Vec::new(),
        }
    }

    /// As much as one tenant may have: less than jobs of one speed may, or a flood of one would shut out all of that speed.
    pub fn share_of_tenant(&self) -> usize {
        share(share(self.slots))
    }

    pub fn free_slots(&self) -> usize {
        self.slots.saturating_sub(self.leases.len())
    }

    /// The place in the line of a slot in use.
    pub fn turn(&self, lane: &Taken) -> Turn {
        let of_all = self.at_once.clone();
        let of_tenant =
            self.by_tenant.get(&lane.tenant).map_or_else(|| Arc::new(Semaphore::new(1)), |of| of.at_once.clone());
        Turn { of_tenant, of_all }
    }

    pub fn are_empty(&self) -> bool {
        self.leases.is_empty()
    }

    pub fn are_full(&self) -> bool {
        self.leases.len() >= self.slots
    }

    pub fn are_half_empty(&self) -> bool {
        self.leases.len() <= self.slots / 2
    }

    /// Some tenant has its whole share, so that work of it may wait although there are free slots.
    pub fn are_full_for_somebody(&self) -> bool {
        self.by_tenant.values().any(|of| of.slots >= self.share_of_tenant())
    }

    /// How many slots there are for a speed now.
    pub fn room(&self, speed: Speed) -> usize {
        self.free_slots().min(share(self.slots).saturating_sub(self.by_speed[index(speed)]))
    }

    /// The tenants that have some, and how many more each may have.
    pub fn busy(&self) -> impl Iterator<Item = (Uuid, usize)> {
        self.by_tenant.iter().map(|(tenant, of)| (*tenant, self.share_of_tenant().saturating_sub(of.slots)))
    }

    pub fn leases(&self) -> &[Uuid] {
        &self.leases
    }

    pub fn take(&mut self, lane: Taken) {
        self.by_speed[index(lane.speed)] += 1;
        let at_once = self.at_once_of_tenant;
        let new = || OfTenant { slots: 0, at_once: Arc::new(Semaphore::new(at_once)) };
        self.by_tenant.entry(lane.tenant).or_insert_with(new).slots += 1;
        self.leases.push(lane.lease);
    }

    pub fn free(&mut self, lane: Taken) {
        let Some(at) = self.leases.iter().position(|lease| *lease == lane.lease) else { return };
        self.leases.swap_remove(at);
        self.by_speed[index(lane.speed)] = self.by_speed[index(lane.speed)].saturating_sub(1);
        if let Some(of) = self.by_tenant.get_mut(&lane.tenant) {
            of.slots = of.slots.saturating_sub(1);
            if of.slots == 0 {
                self.by_tenant.remove(&lane.tenant);
            }
        }
    }
}

const fn share(of: usize) -> usize {
    match of {
        0 | 1 => of,
        2..8 => of - 1,
        _ => of - of / 4,
    }
}

pub const fn index(speed: Speed) -> usize {
    match speed {
        Speed::Fast => 0,
        Speed::Standard => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Takes what the database may hand out: never more than there was room for, of the speed and of the tenant.
    fn claim(hands: &mut Hands, speed: Speed, tenant: Uuid, lanes: usize) -> Vec<Taken> {
        let busy: BTreeMap<_, _> = hands.busy().collect();
        let of_tenant = busy.get(&tenant).copied().unwrap_or(hands.share_of_tenant());
        let lease = Uuid::new_v4();
        let taken = vec![Taken { tenant, speed, lease }; lanes.min(hands.room(speed)).min(of_tenant)];
        for lane in &taken {
            hands.take(*lane);
        }
        taken
    }

    proptest! {
        #[test]
        fn part_of_the_slots_is_out_of_reach_for_each_tenant_and_speed(
            slots in 1_usize..40,
            steps in prop::collection::vec((any::<bool>(), 0_u128..4, 0_usize..30, any::<prop::sample::Index>()), 1..80),
        ) {
            let mut hands = Hands::new(slots, slots, slots);
            let mut held: Vec<Taken> = Vec::new();
            for (is_fast, tenant, lanes, freed) in steps {
                let speed = if is_fast { Speed::Fast } else { Speed::Standard };
                held.extend(claim(&mut hands, speed, Uuid::from_u128(tenant), lanes));
                let (of_speed, of_tenant) = (share(slots), share(share(slots)));
                prop_assert!(held.len() <= slots);
                for speed in Speed::BOTH {
                    prop_assert!(held.iter().filter(|lane| lane.speed == speed).count() <= of_speed);
                }
                for tenant in 0..4 {
                    let held = held.iter().filter(|lane| lane.tenant == Uuid::from_u128(tenant)).count();
                    prop_assert!(held <= of_tenant);
                }
                prop_assert_eq!(hands.leases().len(), held.len());
                if !held.is_empty() {
                    hands.free(held.swap_remove(freed.index(held.len())));
                }
            }
            for lane in held {
                hands.free(lane);
            }
            prop_assert!(hands.are_empty() && hands.busy().next().is_none());
            prop_assert_eq!(hands.room(Speed::Fast), share(slots));
        }
    }

    #[test]
    fn whoever_comes_beside_a_flood_finds_a_slot_of_its_speed() {
        for slots in 3..40 {
            let mut hands = Hands::new(slots, slots, slots);
            claim(&mut hands, Speed::Standard, Uuid::nil(), slots);
            assert!(hands.room(Speed::Standard) > 0 && hands.room(Speed::Fast) > 0, "{slots}");
        }
    }

    #[test]
    fn what_was_not_taken_cannot_be_freed() {
        let mut hands = Hands::new(4, 4, 4);
        let lane = Taken { tenant: Uuid::nil(), speed: Speed::Fast, lease: Uuid::nil() };
        hands.free(lane);
        hands.take(lane);
        hands.free(lane);
        hands.free(lane);
        assert_eq!((hands.room(Speed::Fast), hands.are_empty()), (3, true));
    }
}
