internal import CMemory
internal import ClusterModel

/// Finds records by row hash: for each of the 1024 buckets a small table of its own, so that rows may come in bucket order, a
/// bucket can be walked by itself, and growth never moves more than one bucket.
///
/// A slot is the 32 hash bits after the bucket's ten (the fingerprint) and a 32-bit record reference; 0 is empty. The slots of a
/// bucket are lines of eight, a cache line each. The occupied slots are sorted by fingerprint: each lies at or after its home,
/// the beginning of the line that the fingerprint, scaled to the number of lines, names; without a gap in between (linear
/// probing that keeps order). So a search looks at one line, seldom at two; a walk in slot order is a walk in hash order; and
/// growing moves slots without looking at records. The last slot of a bucket is always empty and ends every walk.
@safe
struct HashIndex: ~Copyable {
    @safe
    private struct Bucket {
        var slots: UnsafeMutablePointer<UInt64>
        /// Slots of lines that can be a home; `total` has some more behind them for what is pushed along.
        var homes: UInt32
        var total: UInt32
        var count: UInt32 = 0
        var tombstones: UInt32 = 0
        /// Sum of the row digests of live rows.
        var digest: UInt64 = 0
    }

    /// Slots of a line.
    static let line = 8

    private let buckets: UnsafeMutablePointer<Bucket>
    /// What buckets without rows point to.
    private let none: UnsafeMutablePointer<UInt64>
    private(set) var memory: Int
    /// Where the slots of all buckets lie after `reserve(rows:)`, until half of them have grown out of it.
    private var region: PageBlock?
    private var bucketsInRegion = 0

    init() {
        unsafe none = Self.allocate(Self.line)
        unsafe buckets = .allocate(capacity: Limits.buckets)
        unsafe buckets.initialize(repeating: Bucket(slots: none, homes: 0, total: UInt32(Self.line)), count: Limits.buckets)
        memory = Limits.buckets * MemoryLayout<Bucket>.stride
    }

    deinit {
        for bucket in 0..<Limits.buckets where unsafe buckets[bucket].homes > 0 && !isInRegion(bucket) {
            unsafe buckets[bucket].slots.deallocate()
        }
        region?.free()
        unsafe buckets.deallocate()
        unsafe none.deallocate()
    }

    static func bucket(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash &>> 54) }
    static func fingerprint(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash &>> 22) }

    /// Rows and tombstones in a bucket.
    func count(_ bucket: Int) -> Int { Int(unsafe buckets[bucket].count) }
    func tombstones(_ bucket: Int) -> Int { Int(unsafe buckets[bucket].tombstones) }
    func digest(_ bucket: Int) -> UInt64 { unsafe buckets[bucket].digest }
    func addDigest(_ digest: UInt64, bucket: Int) { unsafe buckets[bucket].digest &+= digest }
    func addTombstones(_ difference: Int, bucket: Int) {
        unsafe buckets[bucket].tombstones = UInt32(Int(buckets[bucket].tombstones) + difference)
    }

    // MARK: Walking

    /// The slot from which on to look for a fingerprint: none before it has this fingerprint or a higher one.
    @inline(__always)
    func home(_ bucket: Int, _ fingerprint: UInt32) -> Int {
        Self.home(fingerprint, unsafe buckets[bucket].homes)
    }

    /// Starts to load the slots in which to look for a hash.
    @inline(__always)
    func prefetch(_ hash: UInt64) {
        let bucket = Self.bucket(hash)
        unsafe cmemory_prefetch(buckets[bucket].slots + home(bucket, Self.fingerprint(hash)))
    }

    @inline(__always)
    private static func home(_ fingerprint: UInt32, _ homes: UInt32) -> Int {
        Int(truncatingIfNeeded: (UInt64(fingerprint) &* UInt64(homes)) &>> 32) & ~(line - 1)
    }

    /// Slots of a bucket, occupied or not.
    func slotCount(_ bucket: Int) -> Int { Int(unsafe buckets[bucket].total) }

    @inline(__always)
    subscript(bucket: Int, index: Int) -> UInt64 { unsafe buckets[bucket].slots[index] }

    /// Where in the line at `index` the slots with this fingerprint are: bit i for slot i. Empty slots may be among them when
    /// the fingerprint is 0.
    @inline(__always)
    func matches(_ bucket: Int, _ index: Int, _ fingerprint: UInt32) -> UInt32 {
        unsafe cmemory_match_upper_halves(buckets[bucket].slots + index, fingerprint)
    }

    /// Whether the line at `index` shows that the fingerprint is not behind it.
    @inline(__always)
    func ends(_ bucket: Int, _ index: Int, _ fingerprint: UInt32) -> Bool {
        let last = unsafe buckets[bucket].slots[index &+ (Self.line - 1)]
        return last == 0 || UInt32(truncatingIfNeeded: last &>> 32) > fingerprint
    }

    func setReference(_ bucket: Int, _ index: Int, _ reference: UInt32) {
        let slot = unsafe buckets[bucket].slots[index]
        unsafe buckets[bucket].slots[index] = slot & 0xFFFF_FFFF_0000_0000 | UInt64(reference)
    }

    // MARK: Changing

    mutating func insert(_ hash: UInt64, _ reference: UInt32) {
        let bucket = Self.bucket(hash)
        let fingerprint = Self.fingerprint(hash)
        if unsafe (buckets[bucket].count + 1) * 8 > buckets[bucket].homes * 7 { grow(bucket) }
        while unsafe !Self.insert(&buckets[bucket], fingerprint, reference) { grow(bucket) }
    }

    /// - Returns: false when the last slot would be taken.
    @inline(__always)
    private static func insert(_ bucket: inout Bucket, _ fingerprint: UInt32, _ reference: UInt32) -> Bool {
        let slots = unsafe bucket.slots
        let new = UInt64(fingerprint) &<< 32 | UInt64(reference)
        var index = home(fingerprint, bucket.homes)
        while unsafe slots[index] != 0 && slots[index] &>> 32 <= UInt64(fingerprint) { index &+= 1 }
        var end = index
        while unsafe slots[end] != 0 { end &+= 1 }
        guard end &+ 1 < Int(bucket.total) else { return false }
        while end > index {
            unsafe slots[end] = slots[end &- 1]
            end &-= 1
        }
        unsafe slots[index] = new
        bucket.count &+= 1
        return true
    }

    mutating func remove(_ bucket: Int, _ index: Int) {
        let slots = unsafe buckets[bucket].slots
        var hole = index
        while true {
            let follower = unsafe slots[hole + 1]
            guard follower != 0, home(bucket, UInt32(follower &>> 32)) <= hole else { break }
            unsafe slots[hole] = follower
            hole += 1
        }
        unsafe slots[hole] = 0
        unsafe buckets[bucket].count -= 1
    }

    /// Makes room for so many rows, within reason: a peer or a file may say any number.
    mutating func reserve(rows: Int) {
        let mean = min(rows, 1 << 28) / Limits.buckets
        guard mean > 0 else { return }
        // Buckets differ by chance: three standard deviations more than the mean.
        let count = mean + Int(3 * Double(mean).squareRoot())
        let homes = Self.wholeLines(UInt32(count * 8 / 7 + 1))
        if homes >= Self.homesForRegion, region == nil, (0..<Limits.buckets).allSatisfy({ unsafe buckets[$0].homes == 0 }) {
            layOut(homes)
        } else {
            for bucket in 0..<Limits.buckets where homes > (unsafe buckets[bucket].homes) {
                rebuild(bucket, homes: homes, spare: Self.spare(homes))
            }
        }
    }

    /// From so many on a region is worth huge pages.
    private static let homesForRegion: UInt32 = 512

    /// Gives every bucket its slots in one region: of a table filled at once, this spares the misses of address translation.
    private mutating func layOut(_ homes: UInt32) {
        let total = homes + Self.spare(homes)
        let region = PageBlock(size: Limits.buckets * Int(total) * 8, hugePages: true)
        for bucket in 0..<Limits.buckets {
            unsafe buckets[bucket].slots =
                (region.start + bucket * Int(total) * 8).bindMemory(to: UInt64.self, capacity: Int(total))
            unsafe buckets[bucket].homes = homes
            unsafe buckets[bucket].total = total
        }
        memory += region.size
        self.region = region
        bucketsInRegion = Limits.buckets
    }

    private func isInRegion(_ bucket: Int) -> Bool { unsafe region?.contains(buckets[bucket].slots) ?? false }

    /// A bucket has new slots: the old ones are of no use any more.
    private mutating func discard(_ old: Bucket) {
        guard old.homes > 0 else { return }
        guard let region, unsafe region.contains(old.slots) else {
            memory -= Int(old.total) * 8
            return unsafe old.slots.deallocate()
        }
        bucketsInRegion -= 1
        guard bucketsInRegion == Limits.buckets / 2 else { return }
        for bucket in 0..<Limits.buckets where isInRegion(bucket) {
            let homes = unsafe buckets[bucket].homes
            rebuild(bucket, homes: homes, spare: unsafe buckets[bucket].total - homes)
        }
        region.free()
        memory -= region.size
        self.region = nil
    }

    /// Gives memory back after many removals.
    mutating func shrink(_ bucket: Int) {
        let count = unsafe buckets[bucket].count
        guard unsafe buckets[bucket].homes > 32, count * 4 < (unsafe buckets[bucket].homes) else { return }
        let homes = Self.wholeLines(count * 4 / 3 + 1)
        rebuild(bucket, homes: homes, spare: Self.spare(homes))
    }

    private static func wholeLines(_ slots: UInt32) -> UInt32 { (slots + UInt32(line) - 1) & ~UInt32(line - 1) }
    private static func spare(_ homes: UInt32) -> UInt32 { wholeLines(homes / 32 + 8) }

    private static func allocate(_ slots: Int) -> UnsafeMutablePointer<UInt64> {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: slots * 8, alignment: line * 8)
        return unsafe memory.initializeMemory(as: UInt64.self, repeating: 0, count: slots)
    }

    /// More homes when the bucket is well filled, else (many equal fingerprints at the end) more room behind them.
    private mutating func grow(_ bucket: Int) {
        let (count, homes, total) = unsafe (buckets[bucket].count, buckets[bucket].homes, buckets[bucket].total)
        if count * 8 >= homes * 5 {
            let more = Self.wholeLines(homes < 32 ? homes * 2 + 1 : homes + homes / 8)
            rebuild(bucket, homes: more, spare: Self.spare(more))
        } else {
            rebuild(bucket, homes: homes, spare: (total - homes) * 2)
        }
    }

    private mutating func rebuild(_ bucket: Int, homes: UInt32, spare: UInt32) {
        let old = unsafe buckets[bucket]
        var spare = spare
        while true {
            let total = homes + spare
            let slots = unsafe Self.allocate(Int(total))
            if unsafe Self.move(old, to: slots, homes: homes, total: total) {
                memory += Int(total) * 8
                unsafe buckets[bucket].slots = slots
                unsafe buckets[bucket].homes = homes
                unsafe buckets[bucket].total = total
                discard(old)
                return
            }
            unsafe slots.deallocate()
            spare *= 2
        }
    }

    /// - Returns: false when they do not fit with the last slot left empty.
    private static func move(_ old: Bucket, to slots: UnsafeMutablePointer<UInt64>, homes: UInt32, total: UInt32) -> Bool {
        var next = 0
        for index in 0..<Int(old.total) {
            let slot = unsafe old.slots[index]
            guard slot != 0 else { continue }
            let home = home(UInt32(slot &>> 32), homes)
            let place = max(home, next)
            guard place + 1 < Int(total) else { return false }
            unsafe slots[place] = slot
            next = place + 1
        }
        return true
    }
}
