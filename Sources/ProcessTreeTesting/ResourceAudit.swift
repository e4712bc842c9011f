internal import Glibc
internal import ProcessTreeBase

/// The resources that a process holds at one moment; a test compares two audits for equality.
///
/// The root keeps its fork server, and the sockets that it opens with its first child: take the
/// first audit after a first child has ended.
public struct ResourceAudit: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The open descriptors and what each refers to; numbered kinds like `socket:[1]` without number.
  public var descriptors: [String: Int]
  /// Direct children of the process that run.
  public var children: Int
  /// Direct children of the process that have ended and have not been reaped.
  public var zombies: Int
  /// Threads of the process.
  public var threads: Int
  /// Files in the run's directory: sockets of nodes, and the lock.
  public var runFiles: Int

  /// Returns the resources that this process holds now.
  ///
  /// - Parameter runDirectory: The directory in which to count files; nil counts none.
  public static func now(runDirectory: String? = nil) -> Self {
    let states = children().map(state)
    var descriptors: [String: Int] = [:]
    for name in Files.names(in: "/proc/self/fd") {
      guard let target = link("/proc/self/fd/" + name), !target.hasPrefix("/proc/") else {
        continue
      }
      let isNumbered = !target.hasPrefix("anon_inode:")
      descriptors[isNumbered ? String(target.prefix { $0 != "[" }) : target, default: 0] += 1
    }
    return Self(
      descriptors: descriptors, children: states.count { $0 != "Z" },
      zombies: states.count { $0 == "Z" }, threads: Files.names(in: "/proc/self/task").count,
      runFiles: runDirectory.map { Files.names(in: $0).count } ?? 0)
  }

  /// The numbers, and the descriptors by kind.
  public var description: String {
    let kinds = descriptors.sorted { $0.key < $1.key }.map { "\($0.key)×\($0.value)" }
    return "children \(children), zombies \(zombies), threads \(threads), run files \(runFiles), "
      + "descriptors \(descriptors.values.reduce(0, +)): \(kinds.joined(separator: " "))"
  }

  /// The direct children of this process, running or not.
  public static func children() -> [Int32] {
    Files.names(in: "/proc/self/task").flatMap { thread in
      (Files.text(of: "/proc/self/task/\(thread)/children") ?? "").split(separator: " ")
        .compactMap { Int32($0) }
    }
  }

  /// The state letter of a process, `?` when there is none.
  private static func state(of pid: Int32) -> Character {
    // The name before it may hold any character, so the last parenthesis counts.
    let stat = Files.text(of: "/proc/\(pid)/stat") ?? ""
    guard let end = stat.lastIndex(of: ")") else { return "?" }
    return stat[end...].dropFirst(2).first ?? "?"
  }

  private static func link(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 512)
    let length = readlink(path, &buffer, buffer.count)
    guard length > 0 else { return nil }
    return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
