extension Catalogue {
    /// Requirements about members, tables and snapshots that no case judges, and why.
    static let uncoveredReplicated: [(requirement: String, reason: String)] = [
        ("JON-011", "shows after 150 seconds of a join link"),
        ("LIM-011", "needs 1024 members that are not gone, all of which the node would dial for as long as the case takes"),
    ]
}
