import ArgumentParser
import ProcessTree

@main
struct Tour: ParsableCommand {
  @Argument(help: "What to show.")
  var lesson: Lesson

  // The library's main comes first: a child parses no arguments.
  static func main() { TourApp.takeOver() }
}

struct TourApp: ProcessTreeApp {
  func run(in root: Node) async throws {
    do {
      try await Tour.parse().lesson.show(in: root)
    } catch {
      let code = Tour.exitCode(for: error)
      guard code != .failure else { throw error }
      // Help, or what was wrong with the arguments.
      print(Tour.fullMessage(for: error))
      root.exit(code.rawValue)
    }
  }
}

enum Lesson: String, ExpressibleByArgument {
  case messages, service, addresses, monitors, events, errors, deadlines, commands, manyCommands
  case waits, draining, requests, topics, selection, hosts

  func show(in root: Node) async throws {
    switch self {
    case .messages: try await exchangeMessages(root)
    case .service: try await askService(root)
    case .addresses: try await sendToAnAddress(root)
    case .monitors: try await watchAnAddress(root)
    case .events: try await watchEvents(root)
    case .errors: try await handleErrors(root)
    case .deadlines: try await waitNoLonger(root)
    case .commands: try await runCommand(root)
    case .manyCommands: try await runCommands(root)
    case .draining: try await finishWork(root)
    case .requests: try await askInTime(root)
    case .topics: try await publishPrices(root)
    case .selection: try await waitForWhateverComes(root)
    case .hosts: try await runElsewhere(root)
    case .waits: _ = try await root.spawn(Endless(seconds: 5))
    }
  }
}
