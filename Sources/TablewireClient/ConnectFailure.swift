import ClusterModel
import Glibc
import NIOCore
import NIOPosix

/// Puts NIO's many ways to fail to connect into one word for people.
enum ConnectFailure {
    static func describe(_ error: any Error, address: Address) -> ClientError {
        switch error {
        case let error as NIOConnectionError:
            // One entry for each resolved address that was tried; they rarely differ.
            if let first = error.connectionErrors.first { return describe(first.error, address: address) }
            if error.dnsAError != nil || error.dnsAAAAError != nil {
                return .refused(address, reason: "the host name '\(address.host)' is unknown")
            }
            return .refused(address, reason: "no address for '\(address.host)'")
        case ChannelError.connectTimeout:
            return .timedOut(address, activity: "connecting")
        case let error as IOError:
            return .refused(address, reason: text(of: error.errnoCode))
        case is SocketAddressError:
            return .refused(address, reason: "the host name '\(address.host)' is unknown")
        default:
            return .refused(address, reason: "\(error)")
        }
    }

    private static func text(of code: CInt) -> String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        let words = unsafe String(cString: text)
        return words.prefix(1).lowercased() + words.dropFirst()
    }
}
