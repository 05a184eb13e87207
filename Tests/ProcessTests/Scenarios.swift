import Testing

/// What a user can do with the built program, tried with real processes.
///
/// One at a time: each scenario has several processes, and a machine may have two cores.
@Suite(.serialized) enum Scenarios {}
