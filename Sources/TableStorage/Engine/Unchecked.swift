/// A value of its own on the heap, for which the runtime does not check exclusive access.
///
/// As a plain property of a class every read would cost two calls into the runtime: a tenth of the time of `Table.withValue`.
/// What the checks would find are two changes at once; a `Table` belongs to one thread, and no method of it that changes rows
/// calls out.
@safe
struct Unchecked<Value: ~Copyable>: ~Copyable {
    private let pointer: UnsafeMutablePointer<Value>

    init(_ value: consuming Value) {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: value)
    }

    deinit {
        unsafe pointer.deinitialize(count: 1)
        unsafe pointer.deallocate()
    }

    /// For the addressors of a property: `_read` and `_modify` would stay calls, and what they resume an indirect one.
    @inline(__always)
    var address: UnsafeMutablePointer<Value> { unsafe pointer }
}
