// SPDX-License-Identifier: MIT
/*
 * Says how a run went.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/run_report.h"
#include "formats/elf.h"

/* The boot shim's own: it gives its window back. */
#define SHIM_VMCALLS 1

void run_say(const char *what, const char *text)
{
	fflush(stdout);
	fprintf(stderr, "seamless: %s%s\n", what, text);
}

void run_report_built(const struct vmm_vm *vm)
{
	char line[160];
	int n = snprintf(line, sizeof(line), "%" PRIu64 " pages, %u vCPU%s, MRTD ", vm->pages_added,
			 vm->config.vcpus, vm->config.vcpus == 1 ? "" : "s");

	for (size_t i = 0; i < TD_MRTD_SIZE; i++)
		n += snprintf(line + n, sizeof(line) - (size_t)n, "%02x", vm->mrtd[i]);
	run_say("TD built: ", line);
}

/* An instruction that the interpreter lacks gave the guest #UD; how the guest ended may be its
 * doing. */
static void report_unknown(const struct vmm_vm *vm, struct seamless_machine *machine)
{
	char line[200];

	for (unsigned lp = 0; lp < vm->config.vcpus; lp++)
		if (seamless_unknown_instruction(machine, lp, line, sizeof(line)))
			run_say("the guest got #UD for ", line);
}

/* Where each vCPU of a guest that did not end by itself stood. */
static void report_positions(const struct vmm_vm *vm, struct seamless_machine *machine,
			     const struct file *program)
{
	char line[320], symbol[120];
	size_t n;

	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		n = (size_t)snprintf(line, sizeof(line), "vCPU %u was %s", i,
				     vm->vcpu[i].halt == HALT_NOT ? "" : "halted ");
		if (!seamless_guest_position(machine, i, line + n, sizeof(line) - n))
			continue;
		n = strlen(line);
		if (elf_symbol_at(program->bytes, program->size, seamless_guest_rip(machine, i),
				  symbol, sizeof(symbol)))
			snprintf(line + n, sizeof(line) - n, ", in %s", symbol);
		run_say("", line);
	}
}

/*
 * A kernel without TDX support does not know #VE: it dies of the first one, often before it can say
 * a word. One with it makes TDVMCALLs from its first lines on.
 */
static void report_silent_kernel(const struct vmm_vm *vm)
{
	if (vm->vcpu[0].vmcalls <= SHIM_VMCALLS)
		run_say("the kernel made no TDVMCALL before it died: ",
			"one without CONFIG_INTEL_TDX_GUEST, or a damaged one, ends so");
}

void run_report_end(struct vmm_vm *vm, struct seamless_machine *machine, const struct file *program,
		    bool kernel)
{
	enum vm_end end = (enum vm_end)atomic_load(&vm->end);
	char line[200];

	run_say("", vm->reason.text);
	if (end == VM_STOPPED || end == VM_TRIPLE_FAULT || end == VM_WAITS)
		report_positions(vm, machine, program);
	if (end == VM_TRIPLE_FAULT && kernel)
		report_silent_kernel(vm);
	report_unknown(vm, machine);
	snprintf(line, sizeof(line),
		 "%" PRIu64 " TD exits, %" PRIu64 " TDVMCALLs, %" PRIu64 " KiB accepted on demand",
		 atomic_load(&vm->counts.exits), atomic_load(&vm->counts.vmcalls),
		 atomic_load(&vm->counts.augmented) * 4);
	run_say("the run had ", line);
}
