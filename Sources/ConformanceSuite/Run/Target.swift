package import ClusterModel
package import LinkTransport
package import NIOCore
import Synchronization

/// The node under test, as the suite reaches it.
package struct Target: Sendable {
    package var address: Address
    package var keys: SecretKeys
    /// Where the suite listens for the node: an address of this machine that the node can dial.
    package var listenHost = "127.0.0.1"
    /// What the node's maker says that it has. Cases of others are N/A.
    package var profiles: Set<Profile> = Set(Profile.allCases)
    /// Set at the beginning of a run.
    var node = NodeID(0)
    var incarnation: Incarnation {
        get { life.incarnation.withLock { $0 } }
        nonmutating set { life.incarnation.withLock { $0 = newValue } }
    }
    var timing = Timing(roundTrip: .zero, scale: 1)
    let group: any EventLoopGroup
    /// The node's incarnation: every copy sees it rise when a case makes it rise (MBR-020).
    private let life = Life()

    package init(address: Address, keys: SecretKeys, group: any EventLoopGroup) {
        self.address = address
        self.keys = keys
        self.group = group
    }
}

private final class Life: Sendable {
    let incarnation = Mutex<Incarnation>(0)
}
