import ClusterModel
import WireFormat

/// What a decoded value looks like in a vector: field names as in the spec; u8 to u32 are numbers, 64-bit integers decimal
/// strings, ids and byte strings hexadecimal, enumerations the names of their values.
extension JSON {
    init(describing value: Any) {
        switch value {
        case let value as Bool: self = .bool(value)
        case let value as UInt8: self = .number(Int(value))
        case let value as UInt16: self = .number(Int(value))
        case let value as UInt32: self = .number(Int(value))
        case let value as UInt64: self = .string(String(value))
        case let value as Int64: self = .string(String(value))
        case let value as Int: self = .number(value)
        case let value as String: self = .string(value)
        // By its type: an empty array of anything can be cast to [UInt8].
        case let bytes as [UInt8] where Mirror(reflecting: value).subjectType == [UInt8].self:
            self = .string(hexadecimal(bytes))
        default: self = Self.named(value) ?? Self.reflected(value)
        }
    }

    init(_ message: Message) {
        switch message {
        case .cancel: self = .object([])
        case .call(let call): self = .object([("method", .string("\(call.method)"))] + Self.arguments(call))
        case .reply(let reply): self = Self.reply(reply)
        default:
            let payload = Mirror(reflecting: message).children.first?.value
            self = payload.map { Self(describing: $0) } ?? .null
        }
    }

    /// The types that stand for a single value, and those that the wire flattens.
    private static func named(_ value: Any) -> JSON? {
        switch value {
        case let value as NodeID: .string(value.description)
        case let value as ClusterID: .string(value.description)
        case let value as Stamp: .string(String(value.value))
        case let value as TableName: .string(value.text)
        case let value as NodeName: .string(value.text)
        case let value as Address: .string(value.description)
        case let value as VersionVector: .array(value.entries.map { JSON(describing: $0) })
        case let value as VersionVector.Entry: .object(origin(value.origin) + [("sequence", JSON(describing: value.sequence))])
        case let value as RowVersion:
            .object(
                [("stamp", JSON(describing: value.stamp))] + origin(value.dot.origin)
                    + [("sequence", JSON(describing: value.dot.sequence))])
        default: nil
        }
    }

    private static func origin(_ origin: Origin) -> [(String, JSON)] {
        [("node", JSON(describing: origin.node)), ("incarnation", JSON(describing: origin.incarnation))]
    }

    private static func reflected(_ value: Any) -> JSON {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional: return mirror.children.first.map { JSON(describing: $0.value) } ?? .null
        case .collection: return .array(mirror.children.map { JSON(describing: $0.value) })
        case .enum: return .string("\(value)")
        default: return .object(mirror.children.map { ($0.label ?? "value", JSON(describing: $0.value)) })
        }
    }

    private static func arguments(_ call: Call) -> [(String, JSON)] {
        switch call {
        case .tableCreate(let definition): return [("definition", JSON(describing: definition))]
        case .tableDrop(let table), .tableInfo(let table): return [("table", JSON(describing: table))]
        case .rowWrite(let write): return fields(write)
        case .rowScan(let scan): return fields(scan)
        case .clusterRemove(let name): return [("name", JSON(describing: name))]
        case .clusterWatch(let position): return [("position", JSON(describing: position as Any))]
        case .nodeBlock(let names): return [("names", JSON(describing: names))]
        default: return Mirror(reflecting: call).children.first.map { fields($0.value) } ?? []
        }
    }

    private static func fields(_ value: Any) -> [(String, JSON)] {
        Mirror(reflecting: value).children.map { ($0.label ?? "value", JSON(describing: $0.value)) }
    }

    private static func reply(_ reply: Reply) -> JSON {
        var pairs: [(String, JSON)] = [
            ("code", .number(Int(reply.code))), ("isLast", .bool(reply.isLast)), ("kind", .string("\(reply.result.kind)")),
        ]
        let name: String? =
            switch reply.result.kind {
            case .done: nil
            case .failure: "text"
            case .clusterStatus: "status"
            case .joined: "joined"
            case .conflicts: "conflicts"
            case .memberEvent: "event"
            case .tables: "tables"
            case .written: "written"
            case .rows: "page"
            case .rowEvents: "events"
            case .nodeInfo: "info"
            }
        if let name, let payload = Mirror(reflecting: reply.result).children.first?.value {
            pairs.append((name, JSON(describing: payload)))
        }
        return .object(pairs)
    }
}
