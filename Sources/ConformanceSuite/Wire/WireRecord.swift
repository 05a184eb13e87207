package import ClusterModel
import Synchronization

/// What passed on one connection, with the time since the suite began: for reports and captures of what failed.
package final class WireRecord: Sendable {
    package enum Event: Sendable {
        case sent([UInt8])
        case received([UInt8])
        case finished(bySuite: Bool)
        case reset(bySuite: Bool)
    }

    /// Kept of a connection; a case that floods is not worth more.
    private static let limit = 4 * 1024 * 1024

    /// The end that the suite is.
    package let suite: Address
    package let node: Address
    package let isDialedBySuite: Bool
    private let state = Mutex<(events: [(time: ContinuousClock.Instant, event: Event)], bytes: Int)>(([], 0))

    init(suite: Address, node: Address, isDialedBySuite: Bool) {
        self.suite = suite
        self.node = node
        self.isDialedBySuite = isDialedBySuite
    }

    package var events: [(time: ContinuousClock.Instant, event: Event)] { state.withLock { $0.events } }

    func note(_ event: Event) {
        let now = ContinuousClock.now
        state.withLock { state in
            switch event {
            case .sent(let bytes), .received(let bytes):
                state.bytes += bytes.count
                guard state.bytes <= Self.limit else { return }
            case .finished, .reset: break
            }
            state.events.append((now, event))
        }
    }
}
