internal import ClusterModel
internal import WireFormat

/// Finds preface and frames in the bytes of one direction of a link, wherever these begin and whatever is missing.
///
/// Where no frame begins it looks for the next header with magic and CRC, and counts what it passes over.
struct StreamScanner {
    enum Piece {
        case preface(Preface, isReservedZero: Bool)
        /// The body is this range of the bytes.
        case frame(CapturedHeader, Range<Int>)
        /// A header that announces more than any frame may have; what follows is searched for the next header.
        case oversized(CapturedHeader)
        /// So many bytes, perhaps none, were passed over before the header that comes next; `isFault` when a header should have stood there.
        case skipped(Int, isFault: Bool)
    }

    private enum State {
        /// The first bytes of the connection come.
        case start
        case frames
        /// Looking for a header.
        case lost
    }

    private var state: State
    /// Bytes that came and were not taken: the beginning of a header or of a frame. At most one frame.
    var kept: [UInt8] = []
    /// So many bytes must be there from the first kept one on before it makes sense to look again.
    private(set) var needed = 0
    /// The header at the front of `kept`, when it is there and right.
    private var cutHeader: CapturedHeader?
    /// Body bytes that are still to be passed over because others of their frame are missing.
    private var damaged = 0
    private var skipped = 0
    private var isFault = false
    /// The first bytes that were passed over: what a connection of another protocol begins with.
    private var skippedBegin: [UInt8] = []
    /// Whether every byte from the beginning of the connection on was there and made sense.
    private(set) var isUnbroken: Bool
    /// Whether anything of the protocol was found.
    private(set) var hasFound = false

    init(isFromStart: Bool) {
        state = isFromStart ? .start : .lost
        isUnbroken = isFromStart
    }

    /// Bytes that were passed over and are in no piece yet.
    var passedOver: Int { skipped + (state == .frames && cutHeader != nil ? 0 : kept.count) }

    /// The first bytes of what was passed over, for telling what it may be.
    var begin: [UInt8] { skippedBegin.isEmpty ? Array(kept.prefix(32)) : skippedBegin }

    /// The next piece in `bytes` from `offset` on. nil when nothing whole is there any more: what stands at `offset` then is to be
    /// given again at the front of what comes next.
    mutating func next(_ bytes: Span<UInt8>, _ offset: inout Int) -> Piece? {
        cutHeader = nil
        while true {
            if damaged > 0 {
                let count = min(damaged, bytes.count - offset)
                damaged -= count
                offset += count
                guard damaged == 0 else { return wait(for: 1) }
            }
            switch state {
            case .start:
                guard bytes.count - offset >= Preface.size else { return wait(for: Preface.size) }
                guard let preface = preface(bytes, offset) else {
                    fail()
                    continue
                }
                state = .frames
                offset += Preface.size
                return preface
            case .frames:
                guard bytes.count - offset >= CapturedHeader.size else { return wait(for: CapturedHeader.size) }
                guard let header = CapturedHeader(in: bytes, at: offset) else {
                    fail()
                    continue
                }
                return frame(header, bytes, &offset)
            case .lost:
                guard find(bytes, &offset) else { return wait(for: CapturedHeader.size) }
                state = .frames
                defer {
                    skipped = 0
                    isFault = false
                }
                return .skipped(skipped, isFault: isFault)
            }
        }
    }

    /// `count` bytes are missing behind the kept ones; nil: nobody knows how many.
    /// - Returns: the frame that the gap cuts, with the number of body bytes that came.
    mutating func lose(_ count: Int?) -> (header: CapturedHeader, present: Int)? {
        defer {
            kept.removeAll(keepingCapacity: true)
            cutHeader = nil
            needed = 0
            isUnbroken = false
        }
        if let header = cutHeader {
            let present = kept.count - CapturedHeader.size
            jump(count, over: Int(header.bodyLength) - present)
            return (header, present)
        }
        let lost = kept
        pass(lost.span)
        jump(count, over: damaged)
        return nil
    }

    /// Where the missing bytes end inside the frame that they cut, its end is known.
    private mutating func jump(_ count: Int?, over rest: Int) {
        damaged = 0
        guard let count, count <= rest, rest > 0 else {
            state = .lost
            return
        }
        damaged = rest - count
    }

    // MARK: Pieces

    private mutating func fail() {
        state = .lost
        isFault = true
        isUnbroken = false
    }

    private mutating func wait(for count: Int) -> Piece? {
        needed = count
        return nil
    }

    private mutating func frame(_ header: CapturedHeader, _ bytes: Span<UInt8>, _ offset: inout Int) -> Piece? {
        hasFound = true
        let length = Int(header.bodyLength)
        guard length <= Limits.frameBodyMaximum else {
            offset += CapturedHeader.size
            fail()
            return .oversized(header)
        }
        let begin = offset + CapturedHeader.size
        guard bytes.count - begin >= length else {
            cutHeader = header
            return wait(for: CapturedHeader.size + length)
        }
        offset = begin + length
        return .frame(header, begin..<offset)
    }

    private mutating func preface(_ bytes: Span<UInt8>, _ offset: Int) -> Piece? {
        for index in 0..<Preface.magic.count where bytes[offset + index] != Preface.magic[index] { return nil }
        hasFound = true
        let preface = Preface(
            minimumVersion: bytes.load(at: offset + 8, as: UInt16.self),
            maximumVersion: bytes.load(at: offset + 10, as: UInt16.self))
        return .preface(preface, isReservedZero: bytes.load(at: offset + 12, as: UInt32.self) == 0)
    }

    // MARK: Looking for a header

    /// Moves `offset` to the next header; without one, to where one may have begun.
    private mutating func find(_ bytes: Span<UInt8>, _ offset: inout Int) -> Bool {
        let first = UInt8(FrameHeader.magic >> 8)
        var place = offset
        defer {
            pass(bytes.extracting(offset..<place))
            offset = place
        }
        while bytes.count - place >= CapturedHeader.size {
            if bytes[place] == first, CapturedHeader(in: bytes, at: place) != nil { return true }
            place = bytes.position(of: first, from: place + 1) ?? bytes.count
        }
        return false
    }

    private mutating func pass(_ bytes: Span<UInt8>) {
        skipped += bytes.count
        let wanted = min(bytes.count, 32 - skippedBegin.count)
        if wanted > 0 { for index in 0..<wanted { skippedBegin.append(bytes[index]) } }
    }
}
