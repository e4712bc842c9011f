internal import Glibc
internal import ProcessTree

/// A name or a path that the system does not know.
struct SystemRefusal: Error, CustomStringConvertible {
  let description: String
}

/// Users and groups by their names.
enum Accounts {
  static func credentials(user: String?, group: String?) throws -> Command.Credentials? {
    guard user != nil || group != nil else { return nil }
    var (number, first) = (geteuid(), getegid())
    if let user {
      if let uid = UInt32(user) {
        number = uid
        if let entry = getpwuid(uid) { first = entry.pointee.pw_gid }
      } else {
        guard let entry = getpwnam(user) else {
          throw SystemRefusal(description: "there is no user '\(user)'")
        }
        (number, first) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
      }
    }
    if let group {
      if let gid = UInt32(group) {
        first = gid
      } else {
        guard let entry = getgrnam(group) else {
          throw SystemRefusal(description: "there is no group '\(group)'")
        }
        first = entry.pointee.gr_gid
      }
    }
    return Command.Credentials(user: number, group: first)
  }
}

/// A file of at most 64 KiB.
enum SmallFile {
  static func text(of path: String) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw SystemRefusal(description: "\(path): \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(descriptor, &bytes, bytes.count)
    guard count >= 0 else {
      throw SystemRefusal(description: "\(path): \(String(cString: strerror(errno)))")
    }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
