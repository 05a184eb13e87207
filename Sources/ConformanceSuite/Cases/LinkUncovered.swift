// What the cases of links, frames and heartbeats leave out, and why.
extension Catalogue {
    static let uncoveredOfLinks: [(requirement: String, reason: String)] = [
        ("LNK-023", "binds clients, and the node under test is none: it dials as a node only")
    ]
}
