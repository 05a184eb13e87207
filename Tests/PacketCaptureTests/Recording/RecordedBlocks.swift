@testable import PacketCapture

/// The blocks of a pcapng file as the tests look at them, with nothing of the reader under test.
struct RecordedBlocks {
    struct Block {
        var type: UInt32
        var body: [UInt8]
    }

    var blocks: [Block] = []
    /// Bytes behind the last whole block.
    var rest: [UInt8] = []

    init(_ bytes: [UInt8]) {
        var offset = 0
        while offset + 12 <= bytes.count {
            let length = Int(word(bytes, offset + 4))
            guard length >= 12, length % 4 == 0, offset + length <= bytes.count else { break }
            guard word(bytes, offset + length - 4) == length else { break }
            blocks.append(Block(type: word(bytes, offset), body: Array(bytes[offset + 8..<offset + length - 4])))
            offset += length
        }
        rest = Array(bytes[offset...])
    }

    var types: [UInt32] { blocks.map(\.type) }

    /// Of each packet block its bytes.
    var packets: [[UInt8]] {
        blocks.filter { $0.type == WrittenBlock.packet }.map { Array($0.body[20..<20 + Int(word($0.body, 12))]) }
    }

    /// The options of the last block, by code, where they begin behind `offset` bytes of its body.
    func lastOptions(at offset: Int) -> [UInt16: [UInt8]] { blocks.last.map { options($0.body, offset) } ?? [:] }

    func options(_ body: [UInt8], _ start: Int) -> [UInt16: [UInt8]] {
        var options: [UInt16: [UInt8]] = [:]
        var offset = start
        while offset + 4 <= body.count {
            let (code, length) = (UInt16(word(body, offset) & 0xffff), Int(word(body, offset) >> 16))
            if code == 0 { break }
            options[code] = Array(body[offset + 4..<offset + 4 + length])
            offset += 4 + (length + 3) / 4 * 4
        }
        return options
    }
}

func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
}

extension Endpoint {
    static let client = Endpoint(address: .v4(0x7f00_0001), port: 50_000)
    static let node = Endpoint(address: .v4(0x7f00_0001), port: 7400)
    static let clientV6 = Endpoint(address: .v6(high: 0, low: 1), port: 50_000)
    static let nodeV6 = Endpoint(address: .v6(high: 0, low: 1), port: 7400)
}

extension Timestamp {
    static let noon = Timestamp(nanoseconds: 1_750_000_000_123_456_789)
}

extension PcapngWriter.Origin {
    static let tests = PcapngWriter.Origin(application: "tests 1", interface: "link", description: "bytes of tests")
}
