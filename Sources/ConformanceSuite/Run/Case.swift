/// Which end of a link the node under test is.
package enum CaseRole: String, Sendable, CaseIterable {
    /// The suite dials.
    case acceptor
    /// The node dials the suite, because the suite made it a member or asked it to join.
    case dialer
}

/// A part of the protocol that a node claims as a whole.
package enum Profile: String, Sendable, CaseIterable {
    /// Preface, frames, handshake, heartbeats, closing.
    case link
    /// Calls of a client on a node.
    case client
    /// Membership, replication, snapshots: what a member does for another.
    case tables
}

/// What may run beside a case.
enum Isolation: Sendable {
    /// Other cases on other links.
    case shared
    /// No other case that makes members: they would see one another.
    case membership
    /// Nothing.
    case alone
}

/// One thing that a node has to do, and how the suite sees whether it does.
package struct Case: Sendable {
    /// `AREA-nnn/what`, for ever.
    package let id: String
    /// Ids of the spec; the first names the case.
    package let requirements: [String]
    package let role: CaseRole
    package let profile: Profile
    /// What has to happen, in one sentence.
    package let summary: String
    let isolation: Isolation
    let run: @Sendable (Trial) async throws -> Void

    /// - Parameter id: begins with the id of the first requirement.
    init(
        _ id: String, also others: [String] = [], _ summary: String, profile: Profile = .link, role: CaseRole = .acceptor,
        isolation: Isolation = .shared, run: @escaping @Sendable (Trial) async throws -> Void
    ) {
        self.id = id
        requirements = [String(id.prefix { $0 != "/" })] + others
        self.role = role
        self.profile = profile
        self.summary = summary
        self.isolation = isolation
        self.run = run
    }

    /// `FRM` of `FRM-009/gap`.
    package var area: String { String(id.prefix { $0 != "-" }) }
}
