/// What came of one direction before bytes that stand before it: pieces in the order of the stream, none over another.
struct HeldSegments {
    struct Piece {
        /// The sequence number of its first byte.
        var start: UInt32
        /// Empty when the capture cut these bytes off.
        var bytes: [UInt8]
        /// How many bytes of the stream it stands for.
        var length: Int
    }

    /// What a piece takes besides its bytes.
    static let overhead = 64

    private(set) var pieces: [Piece] = []
    /// Bytes and overhead of all pieces.
    private(set) var cost = 0

    var first: Piece? { pieces.first }
    var isEmpty: Bool { pieces.isEmpty }
    var count: Int { pieces.count }

    /// Keeps what is not there already: the first copy of a byte wins.
    /// - Parameters:
    ///   - next: the sequence number before which nothing is held.
    ///   - position: where `bytes` stand after it.
    ///   - cutOff: how many bytes follow them that the capture does not have.
    /// - Returns: how many bytes were there already, and how many of these are not the same.
    mutating func insert(
        _ bytes: Span<UInt8>, cutOff: Int, at position: Int, after next: UInt32
    ) -> (known: Int, different: Int) {
        let end = position + bytes.count + cutOff
        var at = position
        var index = firstPiece(endingAfter: position, next)
        var known = 0
        var different = 0
        while at < end {
            let there = index < pieces.count ? distance(pieces[index].start, next) : Int.max
            if there <= at {
                let common = at..<min(end, there + pieces[index].length)
                known += common.count
                different += differences(pieces[index], common, there, bytes, position)
                at = common.upperBound
                index += 1
            } else {
                let pieceEnd = min(end, there)
                let bytesEnd = min(pieceEnd, position + bytes.count)
                if at < bytesEnd {
                    index = put(bytes.array((at - position)..<(bytesEnd - position)), bytesEnd - at, at, next, index)
                }
                let absent = max(at, bytesEnd)
                if absent < pieceEnd { index = put([], pieceEnd - absent, absent, next, index) }
                at = pieceEnd
            }
        }
        return (known, different)
    }

    mutating func removeFirst(_ count: Int) {
        guard count > 0 else { return }
        // All at once gives the memory back.
        guard count < pieces.count else { return removeAll() }
        for index in 0..<count { cost -= Self.overhead + pieces[index].bytes.count }
        pieces.removeFirst(count)
    }

    mutating func removeAll() {
        pieces = []
        cost = 0
    }

    private mutating func put(_ bytes: [UInt8], _ length: Int, _ position: Int, _ next: UInt32, _ index: Int) -> Int {
        let piece = Piece(start: next &+ UInt32(truncatingIfNeeded: position), bytes: bytes, length: length)
        pieces.insert(piece, at: index)
        cost += Self.overhead + bytes.count
        return index + 1
    }

    private func distance(_ sequence: UInt32, _ next: UInt32) -> Int { Int(sequence &- next) }

    private func firstPiece(endingAfter position: Int, _ next: UInt32) -> Int {
        var (low, high) = (0, pieces.count)
        while low < high {
            let middle = (low + high) / 2
            if distance(pieces[middle].start, next) + pieces[middle].length > position { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// How many of the bytes at `range` are others in the piece, which begins at `start`, than in `bytes`, which begin at
    /// `position`. What was cut off of either cannot be compared.
    private func differences(
        _ piece: Piece, _ range: Range<Int>, _ start: Int, _ bytes: Span<UInt8>, _ position: Int
    ) -> Int {
        let end = min(range.upperBound, start + piece.bytes.count, position + bytes.count)
        guard range.lowerBound < end else { return 0 }
        var count = 0
        for at in range.lowerBound..<end where piece.bytes[at - start] != bytes[at - position] { count += 1 }
        return count
    }
}
