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
    init(_ file: [UInt8], step: Int = .max) throws(CaptureError) {
        var reader = try CaptureReader(bytes: file, step: step, named: "file")
        do throws(CaptureError) {
            while try reader.next({ head, bytes in
                packets.append(Packet(head: head, bytes: (0..<bytes.count).map { bytes[$0] }))
            }) {}
        } catch {
            self.error = error
        }
        summary = reader.summary
    }
}
