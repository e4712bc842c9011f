internal import ProcessTreeBase
internal import ProcessTreeProcessControl

/// The kernel's view of the processes of a run whose root does not answer.
struct KernelAccount {
  /// A line for each process that is meant.
  let lines: [String]

  /// - Parameter words: Names or paths of nodes, or process ids; without any the root is meant.
  init(of run: LiveRun, _ words: [String]) {
    let names = Set(words.map { $0.split(separator: "/").last.map(String.init) ?? $0 })
    lines = run.processes.filter { !$0.isHelper }.compactMap { process in
      let isRoot = process.pid == run.root?.pid
      let title = process.words.joined(separator: " ")
      guard words.isEmpty ? isRoot : names.contains(title) || names.contains("\(process.pid)")
      else { return nil }
      let name = isRoot ? run.label : TextColumns.harmless(title, longest: 60)
      return "\(name) (pid \(process.pid)): \(process.account)"
    }
  }
}

extension LiveRun.Process {
  /// What it does, in the kernel's words.
  fileprivate var account: String {
    switch state {
    case "T": "a signal has stopped it; kill -CONT \(pid) continues it"
    case "t": "a debugger has stopped it"
    case "R": "computes"
    case "D": "waits for a device, and hears no signal\(place)"
    default: "waits\(place)"
    }
  }

  /// The function of the kernel in which it waits.
  private var place: String {
    guard let name = Files.text(of: "/proc/\(pid)/wchan"), !name.isEmpty, name != "0" else {
      return ""
    }
    return " in \(TextColumns.harmless(name, longest: 60))"
  }
}
