import ClusterModel
import WireFormat

/// One frame as it stood on the wire, whatever it means.
struct RawFrame {
    var header: FrameHeader
    var body: [UInt8]
    /// When its last byte had come.
    var time: ContinuousClock.Instant
}

extension Conversation {
    /// The frames that the node has sent so far, each frame of a long message by itself, from the record of the connection: of at
    /// most its first four MiB.
    func rawFrames() -> [RawFrame] {
        var frames: [RawFrame] = []
        var bytes: [UInt8] = []
        var offset = Preface.size
        for (time, event) in connection.record.events {
            guard case .received(let more) = event else { continue }
            bytes += more
            while bytes.count >= offset + FrameHeader.size {
                guard let header = try? FrameHeader(decoding: bytes.span.extracting(droppingFirst: offset)) else { return frames }
                let end = offset + FrameHeader.size + Int(header.bodyLength)
                guard bytes.count >= end else { break }
                let body = Array(bytes[(offset + FrameHeader.size)..<end])
                frames.append(RawFrame(header: header, body: body, time: time))
                offset = end
            }
        }
        return frames
    }
}
