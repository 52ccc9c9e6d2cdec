//! The protocol of lanes as a model, every interleaving of which is tried: two writers, two workers, and a crash, a
//! failure, a wrong suspicion and a crash of the server at any step.
//!
//! A step is what PostgreSQL does without letting others in between: a statement gets the lane's lock, or a transaction
//! commits. The functions in `0004_event_engine.sql` are the originals. Three wrong variants show that the properties
//! would notice: the two traps that the protocol was built around, and a lease that nobody asks for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use stateright::{Checker, Model, Property};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variant {
    Ours,
    /// Adding to a lane that is there does not lock it (`on conflict do nothing`).
    DoNothing,
    /// Finishing looks for other jobs as they were when the statement began, before it waited for the lock.
    OldSnapshot,
    /// Finishing does not ask for the lease.
    NoLease,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Lane {
    last_seq: u8,
    lease: Option<u8>,
    waits: bool,
}

/// Numbers begin again when a lane is made anew; the id stays the job's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Job {
    seq: u8,
    id: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Writer {
    Idle {
        left: u8,
    },
    /// The statement is through; `lane` is what the commit makes of it, if anything.
    Written {
        left: u8,
        job: Job,
        lane: Option<Lane>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Ending {
    Finish,
    Postpone,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Worker {
    Free,
    Claiming {
        lease: u8,
        jobs: Vec<Job>,
    },
    Working {
        lease: u8,
        jobs: Vec<Job>,
    },
    /// Waits for the lane's lock. What its statement saw when it began matters to one variant.
    Ending {
        lease: u8,
        jobs: Vec<Job>,
        how: Ending,
        saw_others: bool,
    },
    /// Has the lock, and what it read of the lane under it.
    Locked {
        lease: u8,
        jobs: Vec<Job>,
        how: Ending,
        saw_others: bool,
        newest: u8,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    lane: Option<Lane>,
    jobs: Vec<Job>,
    /// Who has the lane's row, or its place in the index, until the end of the transaction.
    lock: Option<Who>,
    writers: [Writer; 2],
    workers: [Worker; 2],
    leases: u8,
    crashes: u8,
    failures: u8,
    suspicions: u8,
    server_crashes: u8,
    /// The lane as it was before a claim that is committed and perhaps not on the disk: nobody waits for that. Whatever
    /// commits next and waits takes it along.
    unwritten_claim: Option<Lane>,
    /// Ids in the order in which they were committed, and in which they were done.
    added: Vec<u8>,
    done: Vec<u8>,
    /// A worker committed although the lane was another's.
    trespass: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Writer(usize),
    Worker(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Write(usize),
    CommitWrite(usize),
    Claim(usize),
    CommitClaim(usize),
    BeginEnding(usize, Ending),
    Hold(usize),
    CommitEnding(usize),
    Wake,
    /// The holder is gone, or thought to be.
    Reap,
    Crash(Who),
    /// Open transactions are gone, and the claim that the disk does not have.
    CrashServer,
}

struct Lanes(Variant);

/// So many jobs are claimed with a lane.
const PER_LANE: usize = 2;

impl State {
    fn is_free(&self) -> bool {
        self.lock.is_none()
    }

    fn holder(&self) -> Option<usize> {
        let lease = self.lane.as_ref()?.lease?;
        self.workers.iter().position(|worker| worker.lease() == Some(lease))
    }

    fn unlock(&mut self, who: Who) {
        if self.lock == Some(who) {
            self.lock = None;
        }
    }
}

impl Worker {
    fn lease(&self) -> Option<u8> {
        match self {
            Self::Free => None,
            Self::Claiming { lease, .. }
            | Self::Working { lease, .. }
            | Self::Ending { lease, .. }
            | Self::Locked { lease, .. } => Some(*lease),
        }
    }
}

impl Model for Lanes {
    type State = State;
    type Action = Act;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            lane: None,
            jobs: Vec::new(),
            lock: None,
            writers: [Writer::Idle { left: 2 }, Writer::Idle { left: 1 }],
            workers: [Worker::Free, Worker::Free],
            leases: 0,
            crashes: 1,
            failures: 1,
            suspicions: 1,
            server_crashes: 1,
            unwritten_claim: None,
            added: Vec::new(),
            done: Vec::new(),
            trespass: false,
        }]
    }

    fn actions(&self, state: &State, acts: &mut Vec<Act>) {
        for (who, writer) in state.writers.iter().enumerate() {
            match writer {
                Writer::Idle { left: 0 } => {}
                Writer::Idle { .. } if state.is_free() => acts.push(Act::Write(who)),
                // A lane that nobody removes at this moment is seen without waiting.
                Writer::Idle { .. } if self.0 == Variant::DoNothing && state.lane.is_some() => {
                    acts.push(Act::Write(who));
                }
                Writer::Idle { .. } => {}
                Writer::Written { .. } => {
                    acts.push(Act::CommitWrite(who));
                    acts.extend((state.crashes > 0).then_some(Act::Crash(Who::Writer(who))));
                }
            }
        }
        let claimable = state.lane.as_ref().is_some_and(|lane| lane.lease.is_none() && !lane.waits);
        for (who, worker) in state.workers.iter().enumerate() {
            match worker {
                // Locked lanes are skipped.
                Worker::Free => acts.extend((claimable && state.is_free()).then_some(Act::Claim(who))),
                Worker::Claiming { .. } => acts.push(Act::CommitClaim(who)),
                Worker::Working { .. } => {
                    acts.push(Act::BeginEnding(who, Ending::Finish));
                    acts.extend((state.failures > 0).then_some(Act::BeginEnding(who, Ending::Postpone)));
                }
                Worker::Ending { .. } => acts.extend(state.is_free().then_some(Act::Hold(who))),
                Worker::Locked { .. } => acts.push(Act::CommitEnding(who)),
            }
            acts.extend((*worker != Worker::Free && state.crashes > 0).then_some(Act::Crash(Who::Worker(who))));
        }
        acts.extend((state.server_crashes > 0).then_some(Act::CrashServer));
        if let Some(lane) = state.lane.as_ref().filter(|_| state.is_free()) {
            acts.extend(lane.waits.then_some(Act::Wake));
            let is_orphan = lane.lease.is_some() && (state.holder().is_none() || state.suspicions > 0);
            acts.extend(is_orphan.then_some(Act::Reap));
        }
    }

    fn next_state(&self, before: &State, act: Act) -> Option<State> {
        let mut state = before.clone();
        if matches!(act, Act::CommitWrite(_) | Act::CommitEnding(_) | Act::Wake | Act::Reap) {
            state.unwritten_claim = None;
        }
        match act {
            Act::Write(who) => self.write(&mut state, who),
            Act::CommitWrite(who) => commit_write(&mut state, who),
            Act::Claim(who) => claim(&mut state, who),
            Act::CommitClaim(who) => commit_claim(&mut state, who),
            Act::BeginEnding(who, how) => begin_ending(&mut state, who, how),
            Act::Hold(who) => self.hold(&mut state, who),
            Act::CommitEnding(who) => self.commit_ending(&mut state, who),
            Act::Wake => state.lane.as_mut()?.waits = false,
            Act::Reap => {
                state.suspicions -= u8::from(state.holder().is_some());
                state.lane.as_mut()?.lease = None;
            }
            Act::Crash(who) => crash(&mut state, who),
            Act::CrashServer => crash_server(&mut state),
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("a job has its lane, and a lane has a job", |_, state: &State| {
                state.lane.is_some() != state.jobs.is_empty()
            }),
            Property::always("jobs are done once and in the order in which they were committed", |_, state: &State| {
                state.added.starts_with(&state.done)
            }),
            Property::always("nobody commits with a lane that is another's", |_, state: &State| !state.trespass),
            Property::always("when nobody can act, all is done", |model: &Self, state: &State| {
                let mut acts = Vec::new();
                model.actions(state, &mut acts);
                acts.retain(|act| *act != Act::CrashServer);
                !acts.is_empty() || (state.added == state.done && state.lane.is_none())
            }),
            Property::sometimes("everything is done", |_, state: &State| state.done.len() == 3),
            Property::sometimes("a worker has a lane of which the server knows nothing", |_, state: &State| {
                let is_forgotten = |lane: &Lane| lane.lease.is_none() && state.suspicions == 1;
                let mut workers = state.workers.iter();
                state.lane.as_ref().is_some_and(is_forgotten)
                    && workers.any(|worker| matches!(worker, Worker::Working { .. }))
            }),
            Property::sometimes("a lane is made anew", |_, state: &State| {
                state.done.len() == 2 && state.lane.as_ref().is_some_and(|lane| lane.last_seq == 1)
            }),
        ]
    }
}

impl Lanes {
    fn write(&self, state: &mut State, who: usize) {
        let Writer::Idle { left } = state.writers[who] else { return };
        let seq = state.lane.as_ref().map_or(0, |lane| lane.last_seq) + 1;
        let job = Job { seq, id: u8::try_from(who).unwrap() * 10 + left };
        let lane = match &state.lane {
            Some(_) if self.0 == Variant::DoNothing => None,
            Some(lane) => Some(Lane { last_seq: seq, ..lane.clone() }),
            None => Some(Lane { last_seq: seq, lease: None, waits: false }),
        };
        if lane.is_some() {
            state.lock = Some(Who::Writer(who));
        }
        state.writers[who] = Writer::Written { left: left - 1, job, lane };
    }

    /// `system.hold`: waits for the lane's lock and reads the lane as it is then.
    fn hold(&self, state: &mut State, who: usize) {
        let Worker::Ending { lease, jobs, how, saw_others } = state.workers[who].clone() else { return };
        let found = state.lane.as_ref().filter(|lane| lane.lease == Some(lease) || self.0 == Variant::NoLease);
        let Some(newest) = found.map(|lane| lane.last_seq) else {
            state.workers[who] = Worker::Free;
            return;
        };
        state.lock = Some(Who::Worker(who));
        state.workers[who] = Worker::Locked { lease, jobs, how, saw_others, newest };
    }

    /// `system.finish` and `system.postpone` with the commit of the job's work.
    fn commit_ending(&self, state: &mut State, who: usize) {
        let Worker::Locked { lease, mut jobs, how, saw_others, newest } = state.workers[who].clone() else { return };
        let job = jobs.remove(0);
        state.trespass |= state.lane.as_ref().is_some_and(|lane| lane.lease != Some(lease));
        state.unlock(Who::Worker(who));
        state.workers[who] = Worker::Free;
        if how == Ending::Postpone {
            state.lane = state.lane.take().map(|lane| Lane { lease: None, waits: true, ..lane });
            return;
        }
        state.jobs.retain(|other| *other != job);
        state.done.push(job.id);
        if !jobs.is_empty() {
            state.workers[who] = Worker::Working { lease, jobs };
            return;
        }
        let is_last = match self.0 {
            Variant::OldSnapshot => !saw_others,
            Variant::DoNothing => state.jobs.is_empty(),
            Variant::Ours | Variant::NoLease => job.seq == newest,
        };
        state.lane = state.lane.take().filter(|_| !is_last).map(|lane| Lane { lease: None, ..lane });
    }
}

fn commit_write(state: &mut State, who: usize) {
    let Writer::Written { left, job, lane } = state.writers[who].clone() else { return };
    state.writers[who] = Writer::Idle { left };
    state.unlock(Who::Writer(who));
    state.jobs.push(job);
    state.added.push(job.id);
    state.lane = lane.or_else(|| state.lane.take());
}

/// `system.claim`: takes the lock, then sees the jobs as they are under it.
fn claim(state: &mut State, who: usize) {
    state.leases += 1;
    state.lock = Some(Who::Worker(who));
    let jobs = state.jobs.iter().copied().take(PER_LANE).collect();
    state.workers[who] = Worker::Claiming { lease: state.leases, jobs };
}

fn commit_claim(state: &mut State, who: usize) {
    let Worker::Claiming { lease, jobs } = state.workers[who].clone() else { return };
    state.unlock(Who::Worker(who));
    state.unwritten_claim.clone_from(&state.lane);
    state.lane = state.lane.take().map(|lane| Lane { lease: Some(lease), ..lane });
    state.workers[who] = Worker::Working { lease, jobs };
}

fn begin_ending(state: &mut State, who: usize, how: Ending) {
    let Worker::Working { lease, jobs } = state.workers[who].clone() else { return };
    state.failures -= u8::from(how == Ending::Postpone);
    let saw_others = state.jobs.iter().any(|other| !jobs.contains(other));
    state.workers[who] = Worker::Ending { lease, jobs, how, saw_others };
}

/// The transaction, if there is one, is as if it had never been.
fn crash(state: &mut State, who: Who) {
    state.crashes -= 1;
    state.unlock(who);
    match who {
        Who::Worker(worker) => state.workers[worker] = Worker::Free,
        Who::Writer(writer) => {
            if let Writer::Written { left, .. } = state.writers[writer] {
                state.writers[writer] = Writer::Idle { left };
            }
        }
    }
}

/// The processes live on. A worker in the middle of a transaction has its job still, and comes again.
fn crash_server(state: &mut State) {
    state.server_crashes -= 1;
    state.lock = None;
    if let Some(lane) = state.unwritten_claim.take() {
        state.lane = Some(lane);
    }
    for writer in &mut state.writers {
        if let Writer::Written { left, .. } = *writer {
            *writer = Writer::Idle { left };
        }
    }
    for worker in &mut state.workers {
        *worker = match worker.clone() {
            Worker::Free | Worker::Claiming { .. } => Worker::Free,
            Worker::Working { lease, jobs }
            | Worker::Ending { lease, jobs, .. }
            | Worker::Locked { lease, jobs, .. } => Worker::Working { lease, jobs },
        };
    }
}

fn check(variant: Variant) -> impl Checker<Lanes> {
    Lanes(variant).checker().threads(2).spawn_bfs().join()
}

#[test]
fn every_interleaving_keeps_jobs_once_in_order_and_unstranded() {
    let checked = check(Variant::Ours);
    checked.assert_properties();
    assert!(checked.unique_state_count() > 10_000, "{} states", checked.unique_state_count());
}

#[test]
fn adding_without_the_lock_would_strand_a_job() {
    check(Variant::DoNothing).assert_any_discovery("a job has its lane, and a lane has a job");
}

#[test]
fn finishing_by_an_old_snapshot_would_strand_a_job() {
    check(Variant::OldSnapshot).assert_any_discovery("a job has its lane, and a lane has a job");
}

#[test]
fn finishing_without_the_lease_would_trespass_and_repeat() {
    let checked = check(Variant::NoLease);
    checked.assert_any_discovery("nobody commits with a lane that is another's");
    checked.assert_any_discovery("jobs are done once and in the order in which they were committed");
}
