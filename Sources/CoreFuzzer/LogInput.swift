import ClusterModel
import TableStorage
import WireFormat

/// A data directory with one table, and records for its log.
enum LogInput {
    static let table = TableName("t")
    static let origin = Origin(node: NodeID(7), incarnation: 1)

    /// A new data directory.
    static let directory: [String: [UInt8]] = {
        let disk = FuzzDisk([:])
        precondition(open(disk) != nil, "an empty directory is a new one")
        return disk.files
    }()

    /// What stands in the log before the input: the header, and the definition of a table.
    static let beginning: [UInt8] = {
        guard let table else { return [] }
        let version = RowVersion(stamp: Stamp(1), dot: Dot(origin: origin, sequence: 1))
        let definition = TableDefinition(name: table, storage: .disc, version: version)
        let body = MessageCodec.encode(.definitions(Definitions([definition])))
        var record: [UInt8] = [0, 1, UInt8(ascii: "t")]
        record += bigEndian(UInt32(body.count)) + body
        return RecordFormat.header(.log) + framed(RecordType.definition.rawValue, record)
    }()

    /// Cuts the input into records of the table: one byte for the type, two for the length, then what follows the table's name.
    static func records(_ bytes: [UInt8]) -> [UInt8] {
        var log: [UInt8] = []
        var rest = bytes[...]
        while rest.count >= 3 {
            let type = RecordType.allCases[Int(rest.removeFirst()) % RecordType.allCases.count]
            let length = Int(rest.removeFirst()) << 8 | Int(rest.removeFirst())
            let body = rest.prefix(length)
            rest = rest.dropFirst(body.count)
            log += framed(type.rawValue, [0, 1, UInt8(ascii: "t")] + body)
        }
        return log
    }

    /// - Returns: the rows of the table; nil when the directory is refused.
    static func open(_ disk: FuzzDisk) -> [Row]? {
        guard let name = NodeName("n@127.0.0.1"), let table else { return nil }
        var random = SystemRandomNumberGenerator()
        do throws(StorageError) {
            let store = try TableStore.open(disk: disk, name: name, milliseconds: 1, using: &random)
            let worker = DiskWorker(disk: disk)
            while let batch = store.takeWork(now: .zero) {
                guard (try? worker.perform(batch)) != nil else { return nil }
                store.completed(batch.lsn)
            }
            worker.close()
            return rows(store.data.table(named: table))
        } catch {
            return nil
        }
    }

    private static func rows(_ table: Table?) -> [Row] {
        guard let table else { return [] }
        var rows: [Row] = []
        var cursor: [UInt8] = []
        repeat {
            guard let page = try? table.scan(prefix: [UInt8]().span, cursor: cursor.span) else { return rows }
            rows += page.rows
            cursor = page.next
        } while !cursor.isEmpty
        return rows
    }

    private static func framed(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
        let content = [type] + body
        return bigEndian(UInt32(content.count)) + bigEndian(CRC32.checksum(content.span)) + content
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
    }
}
