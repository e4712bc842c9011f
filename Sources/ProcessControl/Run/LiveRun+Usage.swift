import Glibc
import ProcessTreeBase

/// What processes use, as the kernel counts it.
package struct ProcessUsage: Hashable, Sendable {
  /// The processor time, in user and in system mode.
  package private(set) var processorTime: Duration = .zero
  /// The proportional set size in bytes: a page that several processes share counts for each in part, so
  /// that sizes add up.
  package private(set) var memory = 0

  package static func += (sum: inout Self, part: Self) {
    sum.processorTime += part.processorTime
    sum.memory += part.memory
  }
}

extension LiveRun.Process {
  /// What it has used and holds now; `nil` if it has ended, or may not be looked at.
  package var usage: ProcessUsage? {
    guard let stat = Files.text(of: "/proc/\(pid)/stat"),
      // The name may contain spaces and parentheses.
      let name = stat.lastIndex(of: ")"),
      let rollup = Files.text(of: "/proc/\(pid)/smaps_rollup")
    else { return nil }
    // The first field behind the name is the third of all.
    let fields = stat[stat.index(after: name)...].split(separator: " ")
    guard fields.count > 12, let user = Int64(fields[11]), let system = Int64(fields[12]) else {
      return nil
    }
    let ticks = Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    let size = rollup.split(separator: "\n").first { $0.hasPrefix("Pss:") }?
      .split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return ProcessUsage(
      processorTime: .nanoseconds((user + system) * (1_000_000_000 / ticks)),
      memory: (size ?? 0) << 10)
  }

  /// The name of the user that it belongs to, or the number of one without a name; `nil` if it has ended.
  package var userName: String? {
    guard let user else { return nil }
    var (entry, found) = (passwd(), UnsafeMutablePointer<passwd>?.none)
    var buffer = [CChar](repeating: 0, count: 16 << 10)
    guard getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, found != nil,
      let name = entry.pw_name
    else { return "\(user)" }
    return String(cString: name)
  }
}

extension LiveRun {
  /// Whether it belongs to the user that this process acts for.
  package var isOwn: Bool { (root ?? processes.first)?.user == geteuid() }

  /// What all of its processes use together.
  package var usage: ProcessUsage {
    processes.compactMap(\.usage).reduce(into: ProcessUsage()) { $0 += $1 }
  }

  /// What nodes use with the commands that they run, by their process ids.
  ///
  /// The kernel's parent of a process that a command has left behind is the node that adopted it.
  package func usage(ofNodes pids: Set<Int32>) -> [Int32: ProcessUsage] {
    let parents = Dictionary(
      processes.map { ($0.pid, $0.parent) }, uniquingKeysWith: { first, _ in first })
    var found: [Int32: ProcessUsage] = [:]
    for process in processes where !process.isHelper {
      guard let usage = process.usage else { continue }
      var (owner, steps) = (process.pid, 0)
      // The looks at two processes are not at the same moment.
      while !pids.contains(owner), steps < processes.count, let parent = parents[owner] {
        (owner, steps) = (parent, steps + 1)
      }
      if pids.contains(owner) { found[owner, default: ProcessUsage()] += usage }
    }
    return found
  }
}
