// What the cases of links, frames and heartbeats leave out, and why.
extension Catalogue {
    /// Requirements without a case. Of those that have one, three are covered in part:
    /// LNK-039 without its first line (LEAVING), since no call keeps a node for long in the moment between two clusters;
    /// SEC-010 without the change of the secret's file, which is on the node's side;
    /// ERR-003 without REPLY, since no message makes a node call.
    static let uncoveredOfLinks: [(requirement: String, reason: String)] = [
        ("LNK-023", "binds clients, and the node under test dials as a node only")
    ]
}
