/// One connection in the life of one node: never used again. `NodeMachine.makeLinkID()` hands them out.
public struct LinkID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var value: UInt64
    public init(_ value: UInt64) { self.value = value }
    public static func < (a: LinkID, b: LinkID) -> Bool { a.value < b.value }
    public var description: String { "#\(value)" }
}
