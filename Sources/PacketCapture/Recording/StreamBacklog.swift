/// What a `StreamQueue` has been told and its sink not yet.
struct StreamBacklog {
    /// Which bytes something is about.
    struct Piece {
        var flow: Int
        var direction: Direction
        var time: Timestamp
    }

    enum Offer {
        case taken
        /// Taken, and it is time to tell the sink.
        case muchWaits
        case full
    }

    private struct Place: Hashable {
        var flow: Int
        var direction: Direction
    }

    private let limit: Int
    private var batch = Batch()
    /// Flows of which the sink knows nothing, and which of their directions have ended, as bits.
    private var unknown: [Int: UInt8] = [:]
    /// Bytes left out of flows that the sink knows, and when that was last.
    private var gaps: [Place: (bytes: Int, time: Timestamp)] = [:]
    /// Waiting for room was in vain, and the sink has taken nothing since.
    private var isStuck = false
    private(set) var leftOut = StreamQueue.LeftOut()
    var isFinished = false

    init(limit: Int) { self.limit = limit }

    var isMuch: Bool { batch.size > limit / 4 }

    /// Exchanges what waits for an empty batch.
    mutating func take(_ other: inout Batch) {
        isStuck = false
        other.removeAll()
        swap(&batch, &other)
        // In the order of time, so that the same happens in each run.
        for (place, gap) in gaps.sorted(by: { ($0.value.time, $0.key.flow) < ($1.value.time, $1.key.flow) }) {
            let piece = Piece(flow: place.flow, direction: place.direction, time: gap.time)
            other.append(.lost(gap.bytes), piece)
        }
        gaps.removeAll(keepingCapacity: true)
    }

    mutating func begin(_ flow: Flow, at time: Timestamp) {
        guard batch.size < limit else {
            unknown[flow.number] = 0
            leftOut.flows += 1
            return
        }
        batch.append(flow, at: time)
    }

    mutating func offer(_ bytes: Span<UInt8>, _ piece: Piece) -> Offer {
        guard unknown[piece.flow] == nil, !isStuck else {
            leaveOut(bytes.count, piece)
            return .taken
        }
        guard batch.size + bytes.count <= limit else { return .full }
        let wasMuch = isMuch
        closeGap(piece)
        batch.append(bytes, piece)
        return isMuch && !wasMuch ? .muchWaits : .taken
    }

    /// There is no room for these bytes, or nothing was told of their flow.
    mutating func leaveOut(_ count: Int, _ piece: Piece) {
        leftOut.pieces += 1
        leftOut.bytes += count
        guard unknown[piece.flow] == nil else { return }
        isStuck = true
        let place = Place(flow: piece.flow, direction: piece.direction)
        gaps[place] = ((gaps[place]?.bytes ?? 0) + count, piece.time)
    }

    mutating func lose(_ count: Int?, _ piece: Piece) {
        guard unknown[piece.flow] == nil else { return }
        closeGap(piece)
        batch.append(.lost(count), piece)
    }

    mutating func end(_ end: FlowEnd, _ piece: Piece) {
        if let ended = unknown[piece.flow] {
            let both = ended | 1 << piece.direction.rawValue
            unknown[piece.flow] = both == 3 ? nil : both
            return
        }
        closeGap(piece)
        batch.append(.ended(end), piece)
    }

    /// The gap comes before what follows it in its direction.
    private mutating func closeGap(_ piece: Piece) {
        guard !gaps.isEmpty, let gap = gaps.removeValue(forKey: Place(flow: piece.flow, direction: piece.direction)) else {
            return
        }
        batch.append(.lost(gap.bytes), Piece(flow: piece.flow, direction: piece.direction, time: gap.time))
    }
}

extension StreamBacklog {
    /// Events in their order, with all their bytes in one array.
    struct Batch {
        enum Event {
            /// The next of `flows`.
            case began
            case received(Int)
            case lost(Int?)
            case ended(FlowEnd)
        }

        private var events: [(Event, Piece)] = []
        private var flows: [Flow] = []
        private var bytes: [UInt8] = []

        /// Bytes of memory that it takes.
        var size: Int { bytes.count + (events.count + flows.count) * Self.eventSize }
        private static let eventSize = MemoryLayout<(Event, Piece)>.stride

        mutating func append(_ event: Event, _ piece: Piece) { events.append((event, piece)) }

        mutating func append(_ flow: Flow, at time: Timestamp) {
            events.append((.began, Piece(flow: flow.number, direction: .forward, time: time)))
            flows.append(flow)
        }

        mutating func append(_ span: Span<UInt8>, _ piece: Piece) {
            events.append((.received(span.count), piece))
            unsafe span.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        }

        mutating func removeAll() {
            events.removeAll(keepingCapacity: true)
            flows.removeAll(keepingCapacity: true)
            bytes.removeAll(keepingCapacity: true)
        }

        func tell(_ sink: any StreamSink) {
            var offset = 0
            var flow = 0
            for (event, piece) in events {
                switch event {
                case .began:
                    sink.began(flows[flow], at: piece.time)
                    flow += 1
                case .received(let count):
                    sink.received(
                        bytes.span.extracting(offset..<offset + count), piece.direction, of: piece.flow, at: piece.time)
                    offset += count
                case .lost(let count): sink.lost(count, piece.direction, of: piece.flow, at: piece.time)
                case .ended(let end): sink.ended(piece.direction, of: piece.flow, by: end, at: piece.time)
                }
            }
        }
    }
}
