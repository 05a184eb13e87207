import ClusterModel
import Testing

@testable import NodeRuntime

/// Chunks go through a pretended bottleneck, one after the other.
@Suite struct CodecChoiceTests {
    private static let chunk = 256 * 1024

    /// A link that takes so many bytes a second, and a packer that makes blocks a quarter of their size at its own speed.
    private struct Bottleneck {
        var choice = CodecChoice()
        var elapsed = Duration.zero
        var position: UInt64 = 0
        var linkRate: Double
        var packingRate = 60e6
        var used: [Codec] = []

        mutating func send(_ count: Int) {
            for _ in 0..<count {
                let codec = choice.codec
                used.append(codec)
                let begun = elapsed
                let bytes = codec == .none ? CodecChoiceTests.chunk : CodecChoiceTests.chunk / 4
                let packing = codec == .none ? 0 : Double(CodecChoiceTests.chunk) / packingRate
                position += UInt64(bytes)
                choice.queued(raw: CodecChoiceTests.chunk, codec: codec, begun: begun, end: position)
                elapsed += .nanoseconds(Int64(max(packing, Double(bytes) / linkRate) * 1e9))
                choice.sent(position, packingRate: packingRate, elapsed: elapsed)
            }
        }
    }

    @Test func aFastLinkIsNeverMadeToWaitForPacking() {
        var bottleneck = Bottleneck(linkRate: 500e6)
        bottleneck.send(400)
        #expect(!bottleneck.used.contains(.zlib))
    }

    @Test func aSlowLinkGetsPackedChunksAfterTheFirst() {
        var bottleneck = Bottleneck(linkRate: 12e6)
        bottleneck.send(100)
        #expect(bottleneck.used[0] == .none)
        #expect(bottleneck.used.dropFirst(2).count { $0 == .none } <= 2, "now and then the other way is tried again")
        #expect(bottleneck.choice.codec == .zlib)
    }

    /// The peer is as slow with packed chunks as with others: then packing is work for nothing.
    @Test func packingThatDoesNotHelpIsGivenUp() {
        var bottleneck = Bottleneck(linkRate: 50e6, packingRate: 55e6)
        bottleneck.send(8)
        // Once packing turns out to be slower than it was thought to be.
        bottleneck.packingRate = 20e6
        bottleneck.send(40)
        #expect(bottleneck.used.suffix(20).count { $0 == .zlib } <= 2)
    }

    @Test func aLinkThatBecomesSlowIsNoticed() {
        var bottleneck = Bottleneck(linkRate: 500e6)
        bottleneck.send(50)
        bottleneck.linkRate = 12e6
        bottleneck.send(20)
        #expect(bottleneck.choice.codec == .zlib)
        bottleneck.linkRate = 500e6
        // What was measured of the unpacked way is out of date after two seconds.
        bottleneck.send(1000)
        #expect(bottleneck.choice.codec == .none)
    }
}
