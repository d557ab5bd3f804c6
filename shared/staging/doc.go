// Package staging holds what was read from PingOne, byte for byte, between the
// fetch functions and transform, in a [Store]: a bucket or a folder.
//
//	runs/open.json                                 the run that is being read
//	runs/<run>/run.json                            what the run is
//	runs/<run>/<collection>/plan.jsonl.gz          the lists to read, one a line
//	runs/<run>/<collection>/part-000001.jsonl.gz   replies, one a line
//	runs/<run>/<collection>/manifest.json          the parts that count, and where to go on
//	runs/<run>/<collection>/complete.json          written once, when nothing is left
//	runs/<run>/<collection>/lease.json             which invocation reads it
//	runs/<run>/lease.json                          which invocation transforms the run
//
// Parts and plans are written once and never changed. A part exists only once
// the manifest names it, and the manifest is replaced only by who read its last
// version. So an invocation may die anywhere, or run beside another one, and
// what counts is still one reading: that of the invocation whose commits
// succeeded. Parts of the others stay behind, unnamed.
package staging
