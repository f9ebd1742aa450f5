// Judge one history of one register with Porcupine: porcupine FILE LIMIT_S
//
// FILE has an event a line, {"process", "type": invoke|ok|fail|info, "f": read|write|cas, "value"}, as
// benchmarks/judge_histories.py writes it. A failed cas was refused, any other failed operation never happened, and
// what ended with info, or not at all, may take effect at any time or never. The register is one machine word, states
// are hashed, and events are given in their order.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/anishathalye/porcupine"
)

const (
	read = iota
	write
	cas
)

const nothing = int64(-1) << 62

type line struct {
	Process int             `json:"process"`
	Type    string          `json:"type"`
	F       string          `json:"f"`
	Value   json.RawMessage `json:"value"`
}

type asked struct {
	kind     int
	old, new int64
}

type answer struct {
	known, refused bool
	value          int64
}

var kinds = map[string]int{"read": read, "write": write, "cas": cas}

func step(state, input, output interface{}) (bool, interface{}) {
	now, call, heard := state.(int64), input.(asked), output.(answer)
	switch call.kind {
	case read:
		return !heard.known || heard.value == now, state
	case write:
		return true, call.new
	}
	if heard.known && heard.refused != (now != call.old) {
		return false, state
	}
	if now != call.old {
		return true, state
	}
	return true, call.new
}

func hash(state interface{}) uint64 {
	return uint64(state.(int64)) * 0x9e3779b97f4a7c15
}

func number(raw json.RawMessage) int64 {
	if len(raw) == 0 || string(raw) == "null" {
		return nothing
	}
	value, err := strconv.ParseInt(string(raw), 10, 64)
	check(err)
	return value
}

func input(one line) asked {
	kind := kinds[one.F]
	if kind != cas {
		return asked{kind: kind, new: number(one.Value)}
	}
	var pair [2]json.RawMessage
	check(json.Unmarshal(one.Value, &pair))
	return asked{cas, number(pair[0]), number(pair[1])}
}

func output(one line, kind int) answer {
	heard := answer{known: one.Type != "info", refused: one.Type == "fail"}
	if kind == read && heard.known {
		heard.value = number(one.Value)
	}
	return heard
}

func lines(file string) []line {
	from, err := os.Open(file)
	check(err)
	defer from.Close()
	var all []line
	for scanner := bufio.NewScanner(from); scanner.Scan(); {
		var one line
		check(json.Unmarshal(scanner.Bytes(), &one))
		all = append(all, one)
	}
	return all
}

// What never happened, and reads of which nobody knows the outcome, are left out; what never ended returns at the end.
func events(all []line) []porcupine.Event {
	calls := map[int]int{}
	ends := map[int]line{}
	for place, one := range all {
		if one.Type == "invoke" {
			calls[one.Process] = place
		} else {
			ends[calls[one.Process]] = one
		}
	}
	var found, late []porcupine.Event
	clients := map[int]int{}
	for place, one := range all {
		if one.Type == "invoke" {
			end, ended := ends[place]
			silent := !ended || end.Type == "info"
			if one.F != "cas" && ended && end.Type == "fail" || one.F == "read" && silent {
				continue
			}
			call := input(one)
			found = append(found, porcupine.Event{ClientId: one.Process, Kind: porcupine.CallEvent, Value: call, Id: place})
			if silent {
				end := porcupine.Event{ClientId: one.Process, Kind: porcupine.ReturnEvent, Value: answer{}, Id: place}
				late = append(late, end)
			} else {
				clients[one.Process] = place + 1
			}
		} else if started := clients[one.Process]; started > 0 {
			heard := output(one, kinds[one.F])
			end := porcupine.Event{ClientId: one.Process, Kind: porcupine.ReturnEvent, Value: heard, Id: started - 1}
			found = append(found, end)
			clients[one.Process] = 0
		}
	}
	return append(found, late...)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func main() {
	if len(os.Args) != 3 {
		check(fmt.Errorf("usage: porcupine FILE LIMIT_S"))
	}
	limit, err := strconv.ParseFloat(os.Args[2], 64)
	check(err)
	model := porcupine.Model{Init: func() interface{} { return nothing }, Step: step, Hash: hash}
	history := events(lines(os.Args[1]))
	began := time.Now()
	found := porcupine.CheckEventsTimeout(model, history, time.Duration(limit*float64(time.Second)))
	verdict := map[porcupine.CheckResult]string{
		porcupine.Ok: "held", porcupine.Illegal: "violated", porcupine.Unknown: "unknown",
	}[found]
	said := map[string]interface{}{"verdict": verdict, "calls": len(history) / 2, "seconds": time.Since(began).Seconds()}
	check(json.NewEncoder(os.Stdout).Encode(said))
}
