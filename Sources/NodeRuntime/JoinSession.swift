import ClusterModel
import ClusterStateMachine
import TableStorage

/// A join in progress on the joining node (JON-008): the cluster's rows are copied into a new generation beside the old one, which
/// stays as it is until the new one is whole and on disk.
final class JoinSession {
    /// The join link to the member that was asked.
    let link: LinkID
    let address: Address
    let mode: JoinMode
    let isDryRun: Bool
    let caller: Caller
    var accept: JoinAccept?
    var generation: Generation?
    /// Join links to further members that rows are copied from, and whether each is up (JON-014).
    var sources: [LinkID: Bool] = [:]
    /// Tables still to be copied, the next one last.
    var waiting: [TableName] = []
    var current: TableCopy?
    /// The last stream that was asked for on each link; they count from 1.
    private var lastStreams: [LinkID: UInt32] = [:]
    var copied: UInt64 = 0
    var merged: UInt64 = 0

    init(link: LinkID, address: Address, mode: JoinMode, isDryRun: Bool, caller: Caller) {
        self.link = link
        self.address = address
        self.mode = mode
        self.isDryRun = isDryRun
        self.caller = caller
    }

    func makeStream(on link: LinkID) -> UInt32 {
        lastStreams[link, default: 0] += 1
        return lastStreams[link] ?? 1
    }

    /// Whether a snapshot was ever asked for: what comes of one that is over is ignored (SNP-018).
    func hasAsked(_ id: TableCopy.PartID) -> Bool { id.stream > 0 && id.stream <= lastStreams[id.link] ?? 0 }
}

/// One table that a joiner copies, in parts: a part is a range of buckets that one member is asked for.
struct TableCopy {
    struct PartID: Hashable {
        var link: LinkID
        var stream: UInt32
    }

    struct Part {
        var buckets: ClosedRange<UInt16>
        var begin: SnapBegin?
        var chunks: UInt32 = 0
        var rows: UInt64 = 0
        var digest: UInt64 = 0
        var tracker: SnapshotTracker?
    }

    let table: TableName
    /// What the new generation had of the table before the first part.
    let have: VersionVector
    /// Rows were there before the copy: what was deleted in the cluster has to be found among them (SNP-011).
    let hadRows: Bool
    /// Ranges that nobody was asked for yet, the next one last.
    private(set) var waiting: [ClosedRange<UInt16>]
    private(set) var running: [PartID: Part] = [:]
    /// What the parts that are complete may claim together (SNP-014).
    private(set) var vector: VersionVector?
    private(set) var rows: UInt64 = 0

    init(table: TableName, have: VersionVector, hadRows: Bool, parts: Int) {
        self.table = table
        self.have = have
        self.hadRows = hadRows
        let size = Limits.buckets / parts
        waiting = (0..<parts).reversed().map { UInt16($0 * size)...UInt16(($0 + 1) * size - 1) }
    }

    var isComplete: Bool { waiting.isEmpty && running.isEmpty }

    subscript(id: PartID) -> Part? {
        _read { yield running[id] }
        _modify { yield &running[id] }
    }

    /// The next range to ask for on a link that has fewer than `limit` under way: then the second one is at the sender before the
    /// first one ends.
    mutating func next(on link: LinkID, limit: Int) -> ClosedRange<UInt16>? {
        guard running.keys.count(where: { $0.link == link }) < limit else { return nil }
        return waiting.popLast()
    }

    mutating func begin(_ id: PartID, _ buckets: ClosedRange<UInt16>) { running[id] = Part(buckets: buckets) }

    mutating func finish(_ id: PartID) {
        guard let part = running.removeValue(forKey: id), let begin = part.begin else { return }
        vector = vector?.meet(begin.vector) ?? begin.vector
        rows += part.rows
    }

    /// A member is no longer there: others are asked for what it had not sent whole. What came of that does no harm.
    mutating func giveUp(_ link: LinkID) {
        for (id, part) in running.filter({ $0.key.link == link }).sorted(by: { $0.key.stream < $1.key.stream }) {
            running[id] = nil
            waiting.append(part.buckets)
        }
    }
}
