//! How a worker asks the database for lanes, and what it remembers from one time to the next.

use std::time::{Duration, Instant};

use socialai_domain::{audit::Actor, problems::Result};
use socialai_queue::jobs::{self, Claimed, OfSpeed, Queue, Speed, Wanted};
use uuid::Uuid;

use crate::{
    Place,
    hands::{Hands, index},
    together::{self, Group},
};

/// The pause after a claim is half as long as the claim was, and no longer than this. After one for newcomers that found
/// nobody it is twice as long as the claim.
const MOST_PAUSE: Duration = Duration::from_millis(5);

/// Whose lanes a claim takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Everybody,
    /// Only of tenants that this worker has nothing of. It is small, and so is not behind what others have waiting.
    Newcomers,
}

/// What a claim brought.
#[derive(Default)]
pub struct Taking {
    pub groups: Vec<Group>,
    /// There may be more that there was no room for.
    pub has_more: bool,
}

/// How lanes are taken from a queue.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Lanes that one claim takes at most: whoever rings meanwhile waits for its end.
    at_once: usize,
    together: usize,
    tenants: usize,
    /// A claim that brings fewer has seen all that there is.
    all_seen_below: usize,
    /// Jobs of one lane that are taken together, so that a lane with many is not claimed for each.
    jobs_per_lane: usize,
}

impl Manner {
    /// Each lane is done on its own.
    pub const ALONE: Self = Self { at_once: 64, together: 1, tenants: 64, all_seen_below: 64, jobs_per_lane: 10 };
    /// Those of a tenant share a transaction: as many as one has room for.
    pub const TOGETHER: Self =
        Self { at_once: 64, together: 16, tenants: 4, all_seen_below: 4, jobs_per_lane: together::MOST / 16 };
}

pub struct Claims {
    manner: Manner,
    /// The last tenant that had its turn, by speed.
    after: [Uuid; 2],
    /// The answer to a claim was lost: lanes may be held in our name that we do not know of.
    are_in_doubt: bool,
    /// Claims have two thirds of the time at most: the slower the database is, the more each of them brings.
    not_before: Instant,
    newcomers_not_before: Instant,
}

impl Claims {
    pub fn new(manner: Manner) -> Self {
        let now = Instant::now();
        let after = [Uuid::nil(); 2];
        Self { manner, after, are_in_doubt: false, not_before: now, newcomers_not_before: now }
    }

    /// When the next claim of this kind may begin.
    pub fn not_before(&self, of: Of) -> Instant {
        match of {
            Of::Everybody => self.not_before,
            Of::Newcomers => self.newcomers_not_before,
        }
    }

    pub async fn claim(
        &mut self,
        place: &Place,
        queue: Queue,
        worker: Option<Uuid>,
        of: Of,
        hands: &mut Hands,
    ) -> Result<Taking> {
        let Some(worker) = worker.filter(|_| !hands.are_full()) else {
            return Ok(Taking { groups: Vec::new(), has_more: true });
        };
        if self.are_in_doubt {
            let mut tx = place.engine.own.system_at(place.shard(), Actor::system("worker")).await?;
            jobs::give_back_unknown(tx.engine(), worker, queue, hands.leases()).await?;
            tx.commit().await?;
            self.are_in_doubt = false;
        }
        let Manner { mut at_once, together, mut tenants, all_seen_below, jobs_per_lane } = self.manner;
        let mut busy: Vec<_> = hands.busy().map(|(tenant, room)| (tenant, lanes(room * together))).collect();
        if of == Of::Newcomers {
            // Those that are busy are passed over, and do not count among those that are looked at.
            for (_, room) in &mut busy {
                *room = 0;
            }
            (at_once, tenants) = (together, tenants + busy.len());
        }
        let rooms = Speed::BOTH.map(|speed| hands.room(speed) * together);
        let of_speed = |speed| OfSpeed { speed, lanes: lanes(rooms[index(speed)]), after: self.after[index(speed)] };
        let wanted = Wanted {
            queue,
            worker,
            lanes: lanes((hands.free_slots() * together).min(at_once)),
            by_speed: Speed::BOTH.map(of_speed).to_vec(),
            jobs_per_lane: lanes(jobs_per_lane),
            lanes_per_tenant: lanes(hands.share_of_tenant() * together),
            busy,
            together: lanes(together),
            tenants: lanes(tenants),
        };
        let began = Instant::now();
        let claimed = place.engine.own.claim(place.shard(), &wanted).await;
        let ended = Instant::now();
        let took = ended.duration_since(began);
        self.are_in_doubt = claimed.is_err();
        let claimed = by_lane(claimed?);
        match of {
            Of::Everybody => self.not_before = ended + (took / 2).min(MOST_PAUSE),
            Of::Newcomers if claimed.is_empty() => self.newcomers_not_before = ended + (took * 2).min(MOST_PAUSE),
            Of::Newcomers => self.newcomers_not_before = ended,
        }
        let of_speed = |speed| claimed.iter().flatten().filter(|job| job.lease.releases && job.speed == speed).count();
        let is_out_of_room = Speed::BOTH.into_iter().any(|speed| of_speed(speed) >= rooms[index(speed)]);
        let may_be_more = is_out_of_room || claimed.len() >= all_seen_below;
        let groups = together::groups(&place.engine.handlers, claimed);
        for Group { taken, .. } in &groups {
            self.after[index(taken.speed)] = taken.tenant;
            hands.take(*taken);
        }
        Ok(Taking { groups, has_more: may_be_more || hands.are_full_for_somebody() })
    }
}

fn lanes(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Jobs of one lane follow each other; the last of a lane is the one that releases it.
fn by_lane(jobs: Vec<Claimed>) -> Vec<Vec<Claimed>> {
    let mut lanes = Vec::new();
    let mut lane = Vec::new();
    for job in jobs {
        let is_whole = job.lease.releases;
        lane.push(job);
        if is_whole {
            lanes.push(std::mem::take(&mut lane));
        }
    }
    lanes
}
