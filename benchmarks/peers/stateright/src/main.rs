//! Two-phase commit for Stateright: N resource managers, a transaction manager, a growing set of messages, no faults.
//!
//! Gray and Lamport, "Consensus on Transaction Commit", TODS 31(1), 2006, appendix A.2 (module TwoPhase). Written
//! twice: packed, for speed, and plainly. What would change nothing (to note the same manager again, to obey the same
//! outcome again) is no action.
//!
//! Usage: `two-phase-commit packed|plain RESOURCES dfs|bfs THREADS`; prints one JSON object.

mod packed;
mod plain;

use stateright::{Checker, Model};
use std::hash::Hash;
use std::time::Instant;

const USAGE: &str = "usage: two-phase-commit packed|plain RESOURCES dfs|bfs THREADS";

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Commit,
    Abort,
    Note(usize),
    Prepare(usize),
    ChooseToAbort(usize),
    ObeyCommit(usize),
    ObeyAbort(usize),
}

fn search<M>(model: M, order: &str, threads: usize)
where
    M: Model<Action = Action> + Send + Sync + 'static,
    M::State: Hash + PartialEq + Send + Sync + std::fmt::Debug + Clone + 'static,
{
    let began = Instant::now();
    let checker = model.checker().threads(threads);
    match order {
        "dfs" => report(checker.spawn_dfs(), began),
        "bfs" => report(checker.spawn_bfs(), began),
        _ => panic!("{USAGE}"),
    }
}

fn report<M>(checker: impl Checker<M>, began: Instant)
where
    M: Model<Action = Action>,
    M::State: Hash + PartialEq + std::fmt::Debug + Clone,
{
    let checker = checker.join();
    let seconds = began.elapsed().as_secs_f64();
    checker.assert_no_discovery("consistent");
    let (distinct, transitions) = (checker.unique_state_count(), checker.state_count() - 1);
    println!(
        r#"{{"distinct": {distinct}, "transitions": {transitions}, "seconds": {seconds:.3}}}"#
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [style, resources, order, threads] = arguments.as_slice() else {
        panic!("{USAGE}")
    };
    let resources = resources.parse().expect(USAGE);
    let threads = threads.parse().expect(USAGE);
    match style.as_str() {
        "packed" => search(packed::TwoPhaseCommit { resources }, order, threads),
        "plain" => search(plain::TwoPhaseCommit { resources }, order, threads),
        _ => panic!("{USAGE}"),
    }
}
