internal import ProgramTerminal

extension TrafficStatistics {
    /// Tables for people.
    package func report(coloured: Bool) -> String { "\(frames) frames\n" }
}
