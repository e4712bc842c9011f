import Glibc
public import ProcessTree

/// A child that ends in the way that it is asked to.
struct Crashing: NodeProgram {
  var ending: Ending

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> Unencodable {
    leaveNoCoreFile()
    switch ending {
    case .uncaughtError: throw OutOfPaper(sheets: 0)
    case .fatalError: fatalError("the impossible happened")
    case .outOfBounds: return Unencodable(number: [1, 2, 3][outOfBounds])
    case .badPointer: return Unencodable(number: readBadPointer())
    case .abort: abort()
    case .stackOverflow: return Unencodable(number: recurse(1))
    case .killedFromOutside, .couldNotStart: try await Task.sleep(for: .seconds(60))
    case .exitBehindOurBack: Glibc.exit(7)
    case .exit: node.exit(3)
    case .noResult: _exit(0)
    case .unencodableResult: break
    }
    return Unencodable(number: 0)
  }
}

/// Children that end in every way there is, and what their parent learns of each.
///
/// Success is a result that has arrived. Everything else is reported as it is: an error with its
/// type and text, a crash with its signal, an exit with its code, each with the child's last words.
public struct Crash: HostedExample {
  /// What it is run by.
  public static let name = "crash"
  /// What it teaches.
  public static let lesson = "children fail in every way there is; their parent learns how"
  /// Its subject: it reports how its children end.
  public static let deaths = DeathEffect.subject

  /// Makes the example.
  public init() {}

  /// Has one child after another end.
  public func run(in root: Node, on hosts: HostPool?) async throws -> CrashReport {
    var ends: [CrashReport.End] = []
    for ending in Ending.allCases {
      let deadline = root.configuration.startDeadline
      if ending == .couldNotStart { root.configure { $0.startDeadline = .zero } }
      let child = try root.makeChild(Crashing(ending: ending), on: hosts, name: "\(ending)")
      do {
        try await child.start()
        if ending == .killedFromOutside { _ = try await root.killFromOutside(child, hosts) }
        _ = try await child.result
      } catch is RemoteFailure {
        // The program's own error; the report has its type and text as well.
      } catch is ChildFailure {
        // Any other end.
      }
      root.configure { $0.startDeadline = deadline }
      guard let report = child.exitReport else { continue }
      ends.append(CrashReport.End(ending, report))
    }
    return CrashReport(ends: ends)
  }
}
