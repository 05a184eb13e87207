import CKernel
import PacketCapture
import Testing

@Suite struct StreamRecorderTests {
    private let directory: TemporaryDirectory
    private let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("a.pcapng")
    }

    private func recorder() throws -> StreamRecorder {
        StreamRecorder(try PcapngWriter(creating: path, origin: .tests))
    }

    private func flow(_ number: Int, isIPv6: Bool = false, isFromStart: Bool = true) -> Flow {
        var ends: (Endpoint, Endpoint) = isIPv6 ? (.clientV6, .nodeV6) : (.client, .node)
        ends.0.port += UInt16(number)
        return Flow(number: number, first: ends.0, second: ends.1, isFromStart: isFromStart)
    }

    /// Connections in both families, closed in each way, over the wrap of sequence
    /// numbers, with segments of every size.
    private func recordALot(into recorder: StreamRecorder) {
        for number in 1...6 {
            recorder.began(flow(number, isIPv6: number % 2 == 0), at: .noon)
            for size in [1, 32, 1460, 65_000, 65_001, 300_000, 3, 2_000_000] {
                recorder.received([UInt8](repeating: UInt8(number), count: size).span, .forward, of: number, at: .noon)
                recorder.received([UInt8](repeating: 0, count: 16).span, .backward, of: number, at: .noon)
            }
            recorder.received([UInt8](repeating: 7, count: 1_500_000).span, .backward, of: number, at: .noon)
            switch number % 3 {
            case 0: recorder.ended(.backward, of: number, by: .reset, at: .noon)
            case 1:
                recorder.ended(.forward, of: number, by: .finished, at: .noon)
                recorder.received([1, 2, 3].span, .backward, of: number, at: .noon)
                recorder.ended(.backward, of: number, by: .finished, at: .noon)
            default: recorder.ended(.forward, of: number, by: .captureEnded, at: .noon)
            }
        }
    }

    @Test(.enabled(if: Tshark.path != nil, "tshark judges the recording: apt-get install tshark"))
    func wiresharkFindsNothingOdd() throws {
        let recorder = try recorder()
        recordALot(into: recorder)
        recorder.finish()
        #expect(recorder.failure == nil)
        let oddities = try Tshark.oddities(path)
        #expect(oddities == [])
        let streams = try Tshark.lines(
            path, ["-T", "fields", "-e", "tcp.stream", "-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 0"])
        #expect(streams == ["0", "1", "2", "3", "4", "5"])
        let follow = try Tshark.lines(path, ["-q", "-z", "follow,tcp,raw,3"])
        let sent = follow.filter { $0.allSatisfy(\.isHexDigit) }.reduce(0) { $0 + $1.utf8.count / 2 }
        #expect(sent == 1 + 32 + 1460 + 65_000 + 65_001 + 300_000 + 3 + 2_000_000)
    }

    @Test(.enabled(if: Tshark.path != nil, "tshark judges the recording: apt-get install tshark"))
    func wiresharkSeesWhatWasLost() throws {
        let recorder = try recorder()
        recorder.began(flow(1), at: .noon)
        recorder.lost(100, .forward, of: 1, at: .noon)
        recorder.received([1].span, .forward, of: 1, at: .noon)
        recorder.finish(comment: "a slow disk")
        #expect(try Tshark.lines(path, ["-Y", "tcp.analysis.lost_segment"]).count == 1)
    }

    @Test func whatWasRecordedIsReadBack() throws {
        let recorder = try recorder()
        recordALot(into: recorder)
        recorder.began(flow(7), at: .noon)
        recorder.received([1, 2].span, .backward, of: 7, at: .noon)
        recorder.lost(1000, .backward, of: 7, at: .noon)
        recorder.received([3].span, .backward, of: 7, at: .noon)
        recorder.finish()
        let passed = PassedBytes()
        let counters = try reassemble(path, into: passed)
        #expect(passed.flows == (1...6).map { flow($0, isIPv6: $0 % 2 == 0) } + [flow(7)])
        for number in 1...6 {
            let expected = [UInt8](repeating: UInt8(number), count: 1 + 32 + 1460 + 65_000 + 65_001 + 300_000 + 3 + 2_000_000)
            #expect(passed.bytes[.forward]?[number] == expected)
            let answers = [UInt8](repeating: 0, count: 8 * 16) + [UInt8](repeating: 7, count: 1_500_000)
            #expect(passed.bytes[.backward]?[number] == answers + (number % 3 == 1 ? [1, 2, 3] : []))
        }
        #expect(passed.bytes[.backward]?[7] == [1, 2, 3])
        #expect(passed.ends.filter { $0.hasSuffix("finished") }.count == 4)
        #expect(passed.ends.filter { $0.hasSuffix("reset") }.count == 4)
        #expect(passed.losses == ["7 backward 1000"])
        #expect(counters.bytesLost == 1000)
        #expect(counters.retransmittedBytes == 0)
    }

    @Test func whatIsLostIsCounted() throws {
        let recorder = try recorder()
        recorder.began(flow(1), at: .noon)
        recorder.received([1, 2].span, .forward, of: 1, at: .noon)
        recorder.lost(100, .backward, of: 1, at: .noon)
        recorder.lost(11, .backward, of: 1, at: .noon)
        #expect(recorder.lostBytes == 111)
        recorder.finish()
        let options = RecordedBlocks(try contents(of: path)).lastOptions(at: 12)
        #expect(options[5] == [2, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func aFlushMakesTheFileReadable() throws {
        let recorder = try recorder()
        recorder.began(flow(1), at: .noon)
        recorder.received([1, 2].span, .forward, of: 1, at: .noon)
        recorder.flush()
        let recorded = RecordedBlocks(try contents(of: path))
        #expect(recorded.packets.count == 4)
        #expect(recorded.rest.isEmpty)
    }

    @Test func aFullDiskEndsTheRecordingAndNothingElse() throws {
        let descriptor = ckernel_full_file(5000)
        let recorder = StreamRecorder(try PcapngWriter(descriptor: descriptor, file: "full", origin: .tests))
        recorder.began(flow(1), at: .noon)
        recorder.flush()
        #expect(recorder.failure == nil)
        recorder.received([UInt8](repeating: 1, count: 10_000).span, .forward, of: 1, at: .noon)
        recorder.flush()
        #expect(recorder.failure == .noPermission(file: "full"))
        recorder.received([1, 2].span, .forward, of: 1, at: .noon)
        recorder.ended(.forward, of: 1, by: .finished, at: .noon)
        recorder.began(flow(2), at: .noon)
        recorder.received([1, 2].span, .forward, of: 2, at: .noon)
        #expect(recorder.lostBytes == 4)
        recorder.finish()
        #expect(recorder.failure == .noPermission(file: "full"))
    }
}
