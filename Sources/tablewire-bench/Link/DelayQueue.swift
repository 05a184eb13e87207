/// Things on their way: each comes out when it has been in for the delay, in the order in which they came.
struct DelayQueue<Element> {
    let capacity: Int
    /// Nanoseconds.
    let delay: UInt64
    /// What found no room.
    private(set) var drops = 0
    /// A ring: `count` elements from `first` on.
    private var ring: [(due: UInt64, element: Element)?]
    private var first = 0
    private(set) var count = 0

    /// - Precondition: a capacity of at least 1.
    init(capacity: Int, delay: Duration) {
        precondition(capacity > 0, "a queue has room")
        self.capacity = capacity
        self.delay = UInt64(max(delay.seconds * 1e9, 0))
        ring = Array(repeating: nil, count: capacity)
    }

    /// When the next one comes out, if one is on its way.
    var nextDue: UInt64? { count == 0 ? nil : ring[first]?.due }

    /// - Parameter now: nanoseconds of a clock that never goes back.
    mutating func push(_ element: Element, at now: UInt64) {
        guard count < capacity else {
            drops += 1
            return
        }
        ring[(first + count) % capacity] = (now + delay, element)
        count += 1
    }

    /// - Returns: the next one, if it is due.
    mutating func pop(at now: UInt64) -> Element? {
        guard count > 0, let entry = ring[first], entry.due <= now else { return nil }
        ring[first] = nil
        first = (first + 1) % capacity
        count -= 1
        return entry.element
    }
}
