//! The model with a vector of phases and ordered sets.

use crate::Action;
use stateright::{Model, Property};
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    Working,
    Prepared,
    Committed,
    Aborted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    Prepared(usize),
    Commit,
    Abort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    Undecided,
    Committed,
    Aborted,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    phases: Vec<Phase>,
    decision: Decision,
    noted: BTreeSet<usize>,
    messages: BTreeSet<Message>,
}

pub struct TwoPhaseCommit {
    pub resources: usize,
}

impl Model for TwoPhaseCommit {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            phases: vec![Phase::Working; self.resources],
            decision: Decision::Undecided,
            noted: BTreeSet::new(),
            messages: BTreeSet::new(),
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let undecided = world.decision == Decision::Undecided;
        let sent = |message| world.messages.contains(&message);
        if undecided {
            actions.push(Action::Abort);
            if world.noted.len() == self.resources {
                actions.push(Action::Commit);
            }
        }
        for (r, &phase) in world.phases.iter().enumerate() {
            if undecided && sent(Message::Prepared(r)) && !world.noted.contains(&r) {
                actions.push(Action::Note(r));
            }
            if phase == Phase::Working {
                actions.push(Action::Prepare(r));
                actions.push(Action::ChooseToAbort(r));
            }
            if sent(Message::Commit) && phase != Phase::Committed {
                actions.push(Action::ObeyCommit(r));
            }
            if sent(Message::Abort) && phase != Phase::Aborted {
                actions.push(Action::ObeyAbort(r));
            }
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        match action {
            Action::Commit => {
                next.decision = Decision::Committed;
                next.messages.insert(Message::Commit);
            }
            Action::Abort => {
                next.decision = Decision::Aborted;
                next.messages.insert(Message::Abort);
            }
            Action::Note(r) => {
                next.noted.insert(r);
            }
            Action::Prepare(r) => {
                next.phases[r] = Phase::Prepared;
                next.messages.insert(Message::Prepared(r));
            }
            Action::ChooseToAbort(r) | Action::ObeyAbort(r) => next.phases[r] = Phase::Aborted,
            Action::ObeyCommit(r) => next.phases[r] = Phase::Committed,
        }
        Some(next)
    }

    /// Without a property that stays open, Stateright would stop at once.
    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("consistent", |_, world: &World| {
            !(world.phases.contains(&Phase::Committed) && world.phases.contains(&Phase::Aborted))
        })]
    }
}
