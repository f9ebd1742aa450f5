//! The model with sets of resource managers as bit masks.
//!
//! A manager that is in no phase below is working. The transaction manager's own state is the outcome it has sent: it
//! enters the one by sending the other.

use crate::Action;
use stateright::{Model, Property};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resources(u16);

impl Resources {
    fn has(self, r: usize) -> bool {
        self.0 >> r & 1 == 1
    }

    fn add(&mut self, r: usize) {
        self.0 |= 1 << r;
    }

    fn remove(&mut self, r: usize) {
        self.0 &= !(1 << r);
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct World {
    prepared: Resources,
    committed: Resources,
    aborted: Resources,
    noted: Resources,
    sent_prepared: Resources,
    sent_commit: bool,
    sent_abort: bool,
}

impl World {
    fn undecided(&self) -> bool {
        !self.sent_commit && !self.sent_abort
    }

    fn is_working(&self, r: usize) -> bool {
        !Resources(self.prepared.0 | self.committed.0 | self.aborted.0).has(r)
    }

    fn is_consistent(&self) -> bool {
        self.committed.0 == 0 || self.aborted.0 == 0
    }
}

pub struct TwoPhaseCommit {
    pub resources: usize,
}

impl Model for TwoPhaseCommit {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::default()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.undecided() {
            actions.push(Action::Abort);
            if world.noted.0 == (1 << self.resources) - 1 {
                actions.push(Action::Commit);
            }
        }
        for r in 0..self.resources {
            if world.undecided() && world.sent_prepared.has(r) && !world.noted.has(r) {
                actions.push(Action::Note(r));
            }
            if world.is_working(r) {
                actions.push(Action::Prepare(r));
                actions.push(Action::ChooseToAbort(r));
            }
            if world.sent_commit && !world.committed.has(r) {
                actions.push(Action::ObeyCommit(r));
            }
            if world.sent_abort && !world.aborted.has(r) {
                actions.push(Action::ObeyAbort(r));
            }
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        match action {
            Action::Commit => next.sent_commit = true,
            Action::Abort => next.sent_abort = true,
            Action::Note(r) => next.noted.add(r),
            Action::Prepare(r) => {
                next.prepared.add(r);
                next.sent_prepared.add(r);
            }
            Action::ChooseToAbort(r) => next.aborted.add(r),
            Action::ObeyCommit(r) => {
                next.prepared.remove(r);
                next.aborted.remove(r);
                next.committed.add(r);
            }
            Action::ObeyAbort(r) => {
                next.prepared.remove(r);
                next.committed.remove(r);
                next.aborted.add(r);
            }
        }
        Some(next)
    }

    /// Without a property that stays open, Stateright would stop at once.
    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("consistent", |_, world: &World| {
            world.is_consistent()
        })]
    }
}
