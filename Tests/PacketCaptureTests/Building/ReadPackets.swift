import PacketCapture

/// All packets of a file, and how reading it ended.
struct ReadPackets {
    struct Packet: Hashable {
        var head: PacketHead
        var bytes: [UInt8]
    }

    private(set) var packets: [Packet] = []
    private(set) var error: CaptureError?
    private(set) var summary: CaptureSummary?

    /// - Parameter step: how many bytes one read gives at most.
    init(_ file: [UInt8], step: Int = .max) {
        self.init { () throws(CaptureError) in try CaptureReader(bytes: file, step: step, named: "file") }
    }

    init(_ open: () throws(CaptureError) -> CaptureReader) {
        do throws(CaptureError) {
            var reader = try open()
            defer { summary = reader.summary }
            while try reader.next({ head, bytes in
                packets.append(Packet(head: head, bytes: (0..<bytes.count).map { bytes[$0] }))
            }) {}
        } catch {
            self.error = error
        }
    }

    var bytes: [[UInt8]] { packets.map(\.bytes) }
    var nanoseconds: [Int64] { packets.map(\.head.time.nanoseconds) }
}
