import ClusterModel
import WireFormat

// Bodies that no encoder makes.
extension OutgoingFrame {
    /// The same with the first `old` in the body replaced.
    func replacing(_ old: [UInt8], by new: [UInt8]) -> OutgoingFrame {
        guard let start = body.firstRange(of: old) else { preconditionFailure("the body has no such bytes") }
        var frame = self
        frame.body.replaceSubrange(start, with: new)
        return frame
    }

    /// The same with other bytes at a place of the body; negative places count from its end.
    func patching(_ place: Int, _ bytes: [UInt8]) -> OutgoingFrame {
        var frame = self
        let start = place < 0 ? body.count + place : place
        frame.body.replaceSubrange(start..<start + bytes.count, with: bytes)
        return frame
    }

    /// The same with a body that goes on.
    func appending(_ bytes: [UInt8]) -> OutgoingFrame {
        var frame = self
        frame.body += bytes
        return frame
    }
}

/// The pieces of bodies (ENC-001 to ENC-005).
enum Raw {
    static func text(_ text: String) -> [UInt8] { rawText(Array(text.utf8)) }

    /// A text of any bytes.
    static func rawText(_ bytes: [UInt8]) -> [UInt8] { integer(UInt16(bytes.count)) + bytes }

    static func bytes(_ bytes: [UInt8]) -> [UInt8] { integer(UInt32(bytes.count)) + bytes }

    static func integer<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        stride(from: T.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> T($0)) }
    }

    static func entry(_ node: UInt128, _ incarnation: UInt64, _ sequence: UInt64) -> [UInt8] {
        integer(node) + integer(incarnation) + integer(sequence)
    }

    /// A vector of these entries, canonical or not.
    static func vector(_ entries: [(UInt128, UInt64, UInt64)]) -> [UInt8] {
        integer(UInt32(entries.count)) + entries.flatMap { entry($0.0, $0.1, $0.2) }
    }
}
