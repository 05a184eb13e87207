import ClusterModel
import LinkTransport
import NIOCore

/// Decides how the chunks for one link are packed (SNP-020): by what gets the most rows through, whatever the bottleneck is, the
/// network, the peer or packing itself.
///
/// Starts unpacked. When that turns out to be slower than packing would be at best, packing is tried, and the faster of the two
/// stays in use. The other one is tried again now and then, because networks and loads change.
struct CodecChoice {
    /// A decision is made after so much time or so many bytes, whichever comes first.
    private static let windowTime = Duration.milliseconds(10)
    private static let windowBytes = 1 << 20
    /// What was measured longer ago says nothing about now.
    private static let memory = Duration.seconds(2)

    private struct Chunk {
        var raw: Int
        var codec: Codec
        var begun: Duration
        /// Bytes of the lane once it is sent.
        var end: UInt64
    }

    private struct Measured {
        var rate: Double
        var at: Duration
    }

    /// What to use for the next chunk.
    private(set) var codec = Codec.none
    private var underWay = CircularBuffer<Chunk>()
    private var lastSent = Duration.zero
    private var window: (raw: Int, time: Duration) = (0, .zero)
    private var measured: [Codec: Measured] = [:]

    /// A chunk was queued.
    /// - Parameters:
    ///   - raw: bytes of its row block.
    ///   - begun: when work on it began.
    ///   - end: bytes that the lane will have sent when this chunk is.
    mutating func queued(raw: Int, codec: Codec, begun: Duration, end: UInt64) {
        underWay.append(Chunk(raw: raw, codec: codec, begun: begun, end: end))
    }

    /// The socket has taken `position` bytes of the lane.
    /// - Parameter packingRate: bytes of row blocks that can be packed a second.
    mutating func sent(_ position: UInt64, packingRate: Double, elapsed: Duration) {
        while let chunk = underWay.first, chunk.end <= position {
            underWay.removeFirst()
            let time = elapsed - max(chunk.begun, lastSent)
            lastSent = elapsed
            // A chunk from before the last change says nothing about the codec now in use.
            guard chunk.codec == codec else { continue }
            window.raw += chunk.raw
            window.time += max(time, .zero)
        }
        guard window.time >= Self.windowTime || window.raw >= Self.windowBytes else { return }
        let seconds = max(Double(window.time.nanoseconds) / 1e9, 1e-6)
        measured[codec] = Measured(rate: Double(window.raw) / seconds, at: elapsed)
        window = (0, .zero)
        choose(packingRate: packingRate, elapsed: elapsed)
    }

    private mutating func choose(packingRate: Double, elapsed: Duration) {
        let other = codec == .none ? Codec.zlib : .none
        guard let own = measured[codec] else { return }
        if let known = measured[other], elapsed - known.at < Self.memory {
            if known.rate > own.rate { codec = other }
        } else if other == .none || packingRate > own.rate {
            codec = other
        }
    }
}
