//! What one worker has in hand, and how much more it may take.
//!
//! Nobody starves: a quarter of the slots is out of reach for each speed and for each tenant, so that neither a flood of
//! one tenant nor one of urgent jobs has them all.

use std::collections::BTreeMap;

use socialai_queue::jobs::{Claimed, Speed};
use uuid::Uuid;

/// The lanes in hand, by speed, tenant and lease.
pub struct Hands {
    slots: usize,
    by_speed: [usize; 2],
    by_tenant: BTreeMap<Uuid, usize>,
    /// One for each lane; those that were claimed together have the same.
    leases: Vec<Uuid>,
}

/// One lane in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    tenant: Uuid,
    speed: Speed,
    lease: Uuid,
}

impl Taken {
    pub fn of(job: &Claimed) -> Self {
        Self { tenant: job.lease.tenant, speed: job.speed, lease: job.lease.token }
    }
}

impl Hands {
    pub fn new(slots: usize) -> Self {
        Self { slots: slots.max(1), by_speed: [0; 2], by_tenant: BTreeMap::new(), leases: Vec::new() }
    }

    /// As much as one tenant, or jobs of one speed, may have.
    pub fn share(&self) -> usize {
        self.slots - self.slots / 4
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
        self.by_tenant.values().any(|held| *held >= self.share())
    }

    /// How many lanes of a speed may be taken now.
    pub fn room(&self, speed: Speed) -> usize {
        let free = self.slots.saturating_sub(self.leases.len());
        free.min(self.share().saturating_sub(self.by_speed[index(speed)]))
    }

    /// The tenants that have some, and how many more each may have.
    pub fn busy(&self) -> Vec<(Uuid, i32)> {
        let room = |held: &usize| i32::try_from(self.share().saturating_sub(*held)).unwrap_or(0);
        self.by_tenant.iter().map(|(tenant, held)| (*tenant, room(held))).collect()
    }

    pub fn leases(&self) -> &[Uuid] {
        &self.leases
    }

    pub fn take(&mut self, lane: Taken) {
        self.by_speed[index(lane.speed)] += 1;
        *self.by_tenant.entry(lane.tenant).or_default() += 1;
        self.leases.push(lane.lease);
    }

    pub fn free(&mut self, lane: Taken) {
        let Some(at) = self.leases.iter().position(|lease| *lease == lane.lease) else { return };
        self.leases.swap_remove(at);
        self.by_speed[index(lane.speed)] = self.by_speed[index(lane.speed)].saturating_sub(1);
        if let Some(held) = self.by_tenant.get_mut(&lane.tenant) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.by_tenant.remove(&lane.tenant);
            }
        }
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
        let busy: BTreeMap<_, _> = hands.busy().into_iter().collect();
        let of_tenant = busy.get(&tenant).map_or(hands.share(), |room| usize::try_from(*room).unwrap());
        let lease = Uuid::new_v4();
        let taken = vec![Taken { tenant, speed, lease }; lanes.min(hands.room(speed)).min(of_tenant)];
        for lane in &taken {
            hands.take(*lane);
        }
        taken
    }

    proptest! {
        #[test]
        fn a_quarter_of_the_slots_is_out_of_reach_for_each_tenant_and_speed(
            slots in 1_usize..40,
            steps in prop::collection::vec((any::<bool>(), 0_u128..4, 0_usize..30, any::<prop::sample::Index>()), 1..80),
        ) {
            let mut hands = Hands::new(slots);
            let mut held: Vec<Taken> = Vec::new();
            for (is_fast, tenant, lanes, freed) in steps {
                let speed = if is_fast { Speed::Fast } else { Speed::Standard };
                held.extend(claim(&mut hands, speed, Uuid::from_u128(tenant), lanes));
                let share = slots - slots / 4;
                prop_assert!(held.len() <= slots);
                for speed in Speed::BOTH {
                    prop_assert!(held.iter().filter(|lane| lane.speed == speed).count() <= share);
                }
                for tenant in 0..4 {
                    let of_tenant = held.iter().filter(|lane| lane.tenant == Uuid::from_u128(tenant)).count();
                    prop_assert!(of_tenant <= share);
                }
                prop_assert_eq!(hands.leases().len(), held.len());
                if !held.is_empty() {
                    hands.free(held.swap_remove(freed.index(held.len())));
                }
            }
            for lane in held {
                hands.free(lane);
            }
            prop_assert!(hands.are_empty() && hands.busy().is_empty());
            prop_assert_eq!(hands.room(Speed::Fast), hands.share());
        }
    }

    #[test]
    fn what_was_not_taken_cannot_be_freed() {
        let mut hands = Hands::new(4);
        let lane = Taken { tenant: Uuid::nil(), speed: Speed::Fast, lease: Uuid::nil() };
        hands.free(lane);
        hands.take(lane);
        hands.free(lane);
        hands.free(lane);
        assert_eq!((hands.room(Speed::Fast), hands.are_empty()), (3, true));
    }
}
