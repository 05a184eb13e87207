/// What a section of a pcapng file has said so far (draft-ietf-opsawg-pcapng).
struct PcapngSection {
    /// The type of a Section Header Block: the same in either byte order.
    static let headerType: UInt32 = 0x0a0d_0d0a
    static let byteOrderMagic: UInt32 = 0x1a2b_3c4d

    var isSwapped = false
    var interfaces: [Interface] = []
    /// Of the packet before: a Simple Packet Block has no time.
    var lastTime = Timestamp(nanoseconds: 0)

    struct Interface {
        var linkType: LinkType
        /// 0 for no limit.
        var snapLength: Int
        var scale = TickScale()
        /// What the packets said was dropped before each of them.
        private var droppedBetween: UInt64 = 0
        /// What the last Interface Statistics Block said was dropped until then.
        private var droppedUntil: UInt64 = 0

        init(linkType: LinkType, snapLength: Int) {
            self.linkType = linkType
            self.snapLength = snapLength
        }

        /// Two ways of counting the same: the larger holds.
        var dropped: Int { Int(clamping: max(droppedBetween, droppedUntil)) }

        mutating func dropped(between count: UInt64) {
            let (sum, overflow) = droppedBetween.addingReportingOverflow(count)
            droppedBetween = overflow ? .max : sum
        }

        mutating func dropped(until count: UInt64) {
            droppedUntil = max(droppedUntil, count)
        }
    }
}

/// A block of pcapng in the window, from its type to its second length.
struct PcapngBlock {
    var type: UInt32
    /// All of it.
    var length: Int
    /// Where its type stands in the file.
    var offset: Int
}

/// The types of blocks that are known here.
enum PcapngBlockType: UInt32 {
    case interfaceDescription = 1
    /// Obsolete: the enhanced one took its place.
    case packet = 2
    case simplePacket = 3
    case nameResolution = 4
    case interfaceStatistics = 5
    case enhancedPacket = 6
    case systemdJournal = 9
    case decryptionSecrets = 10
    /// Of one vendor each; the second is not to be copied into other files.
    case custom = 0x0bad
    case customPrivate = 0x4000_0bad
    case sectionHeader = 0x0a0d_0d0a
}
