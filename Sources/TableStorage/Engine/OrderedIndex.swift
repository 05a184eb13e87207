/// A B+tree of record references in the order of row ids (key, owner, value): for scans in key order, and to find the rows of
/// one key where there may be several. Only live rows are in it.
///
/// An emptied node is freed; half-empty nodes are not merged, because rows that come and go tend to come back.
@safe
struct OrderedIndex: ~Copyable {
    /// A place between calls into the index; any change of the index ends it.
    struct Cursor {
        fileprivate var leaf: UInt32
        fileprivate var index: Int
    }

    private typealias Path = InlineArray<12, Step>
    private struct Step {
        var node: UInt32 = 0
        var index = 0
    }

    private static let nodesPerSlab = 64

    private var slabs: [UnsafeMutableRawPointer] = unsafe []
    private var free: [UInt32] = []
    private var used: UInt32 = 1
    private var root: UInt32 = 0
    /// Levels, leaves included.
    private var height = 1

    var memory: Int { unsafe slabs.count * Self.nodesPerSlab * OrderedNode.size }

    init() {}

    deinit {
        for index in unsafe slabs.indices { unsafe slabs[index].deallocate() }
    }

    // MARK: Walking

    /// The first row at `id`, or the first after it.
    func cursor(from id: RowKey, isAfter: Bool = false, _ records: borrowing Records) -> Cursor {
        var node = root
        guard node != 0 else { return Cursor(leaf: 0, index: 0) }
        for _ in 1..<height {
            let inner = self[node]
            node = inner.child(max(0, inner.position(of: id, isAfter: true, records) - 1))
        }
        return Cursor(leaf: node, index: self[node].position(of: id, isAfter: isAfter, records))
    }

    func next(_ cursor: inout Cursor) -> UInt32? {
        while cursor.leaf != 0 {
            let leaf = self[cursor.leaf]
            if cursor.index < leaf.count {
                defer { cursor.index += 1 }
                return leaf.reference(cursor.index)
            }
            cursor = Cursor(leaf: leaf.next, index: 0)
        }
        return nil
    }

    // MARK: Changing

    /// Adds a record whose row id is not in the index.
    mutating func insert(_ reference: UInt32, _ records: borrowing Records) {
        if root == 0 { root = create(isLeaf: true) }
        var path = path(to: records.id(of: records[reference]), records)
        var level = height - 1
        if self[path[level].node].count == OrderedNode.leafCapacity { level = split(&path, records) }
        let step = path[height - 1]
        self[step.node].insert(reference, at: step.index, records)
        if step.index == 0 { repeatFirst(path, above: height - 1, records) }
    }

    /// Takes out the record that has this row id; both the record and its neighbours are still there.
    mutating func remove(_ reference: UInt32, _ records: borrowing Records) {
        let path = path(to: records.id(of: records[reference]), records)
        var level = height - 1
        self[path[level].node].remove(path[level].index)
        while self[path[level].node].count == 0 {
            guard level > 0 else { return }
            discard(path[level].node)
            level -= 1
            self[path[level].node].remove(path[level].index)
        }
        if path[level].index == 0 { repeatFirst(path, above: level, records) }
        while height > 1, self[root].count == 1 {
            let only = self[root].child(0)
            discard(root)
            root = only
            height -= 1
        }
    }

    /// Another record takes over the row id; both are still there.
    mutating func replace(_ old: UInt32, by new: UInt32, _ records: borrowing Records) {
        let path = path(to: records.id(of: records[old]), records)
        let step = path[height - 1]
        self[step.node].set(step.index, new, records)
        if step.index == 0 { repeatFirst(path, above: height - 1, records) }
    }

    /// From the root to the leaf entry at or after `id`.
    private func path(to id: RowKey, _ records: borrowing Records) -> Path {
        var path = Path(repeating: Step())
        var node = root
        for level in 0..<(height - 1) {
            let inner = self[node]
            let index = max(0, inner.position(of: id, isAfter: true, records) - 1)
            path[level] = Step(node: node, index: index)
            node = inner.child(index)
        }
        path[height - 1] = Step(node: node, index: self[node].position(of: id, isAfter: false, records))
        return path
    }

    /// A node's first entry changed: the nodes above repeat it.
    private mutating func repeatFirst(_ path: Path, above level: Int, _ records: borrowing Records) {
        let reference = self[path[level].node].reference(0)
        var level = level
        while level > 0 {
            level -= 1
            self[path[level].node].set(path[level].index, reference, records)
            if path[level].index > 0 { return }
        }
    }

    /// Splits the full leaf at the end of the path, and the full nodes above it. The path then leads to where it led before.
    private mutating func split(_ path: inout Path, _ records: borrowing Records) -> Int {
        var top = height - 1
        while top > 0, self[path[top - 1].node].count == OrderedNode.innerCapacity { top -= 1 }
        if top == 0 {
            let old = root
            root = create(isLeaf: false)
            self[root].insert(self[old].reference(0), child: old, at: 0, records)
            for level in stride(from: height, to: 0, by: -1) { path[level] = path[level - 1] }
            path[0] = Step(node: root, index: 0)
            height += 1
            top = 1
        }
        for level in top..<height { splitNode(at: level, &path, records) }
        return height - 1
    }

    /// Splits one node whose parent has room.
    private mutating func splitNode(at level: Int, _ path: inout Path, _ records: borrowing Records) {
        let step = path[level]
        let left = self[step.node]
        // Rows that come in ascending order leave full nodes behind.
        let isAppend = step.index >= left.count - 1 && isRightmost(path, level)
        let middle = isAppend ? left.count - 1 : left.count / 2
        let created = create(isLeaf: left.isLeaf)
        let right = self[created]
        left.split(at: middle, to: right)
        if left.isLeaf { link(created, after: step.node) }
        left.tightenPrefix(records)
        if isAppend {
            let (first, next) = (left.reference(0), right.reference(0))
            right.setPrefix(of: next, length: records[first].key.commonPrefix(with: records[next].key) - 1, records)
        } else {
            right.tightenPrefix(records)
        }
        let parent = path[level - 1]
        self[parent.node].insert(right.reference(0), child: created, at: parent.index + 1, records)
        let goesRight = left.isLeaf ? step.index > middle : step.index >= middle
        if goesRight {
            path[level] = Step(node: created, index: step.index - middle)
            path[level - 1].index += 1
        }
    }

    private func isRightmost(_ path: Path, _ level: Int) -> Bool {
        for above in 0..<level where path[above].index != self[path[above].node].count - 1 { return false }
        return true
    }

    private mutating func link(_ created: UInt32, after left: UInt32) {
        let next = self[left].next
        self[created].previous = left
        self[created].next = next
        if next != 0 { self[next].previous = created }
        self[left].next = created
    }

    // MARK: Nodes

    private subscript(_ number: UInt32) -> OrderedNode {
        unsafe OrderedNode(at: address(number))
    }

    private func address(_ number: UInt32) -> UnsafeMutableRawPointer {
        let index = Int(number - 1)
        return unsafe slabs[index / Self.nodesPerSlab] + index % Self.nodesPerSlab * OrderedNode.size
    }

    private mutating func create(isLeaf: Bool) -> UInt32 {
        let number = free.popLast() ?? used
        if number == used {
            used += 1
            if Int(number - 1) / Self.nodesPerSlab == (unsafe slabs.count) {
                let size = Self.nodesPerSlab * OrderedNode.size
                unsafe slabs.append(.allocate(byteCount: size, alignment: 64))
            }
        }
        _ = unsafe OrderedNode.create(at: address(number), isLeaf: isLeaf)
        return number
    }

    private mutating func discard(_ number: UInt32) {
        let node = self[number]
        if node.isLeaf {
            if node.previous != 0 { self[node.previous].next = node.next }
            if node.next != 0 { self[node.next].previous = node.previous }
        }
        free.append(number)
    }
}
