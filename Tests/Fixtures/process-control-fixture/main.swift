// A program that tests start: it makes a fork server first thing and then plays a scenario.
//
// Usage: process-control-fixture SCENARIO [DIRECTORY]. Prints lines of a key and a value.
import Glibc
import ProcessTreeProcessControl

let arguments = CommandLine.arguments
let scenario = arguments.count > 1 ? arguments[1] : "help"

do {
  if scenario == "spawned" {
    try SpawnedChild.main(arguments)
  } else if scenario == "threads" {
    try Scenarios.threads()
  } else {
    try Program.main(scenario, directory: arguments.count > 2 ? arguments[2] : "")
  }
} catch {
  print("error \(error)")
  fflush(nil)
  exit(99)
}
fflush(nil)
exit(0)
