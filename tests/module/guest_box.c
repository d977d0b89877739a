// SPDX-License-Identifier: MIT
/*
 * A TD whose guest is the test.
 */

#include "guest_box.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include "lib/machine_impl.h"
#include "module/vcpu.h"

#undef fail /* the module's and cmocka's differ */
#include <cmocka.h>

static void need(int result, const struct vmm_error *err)
{
	if (result)
		fail_msg("%s", err->text);
}

/* The default platform, but with a counted TSC: the stepping defence judges by time, and the machine's own is not ours. */
static struct seamless_machine *machine(const char *counted)
{
	static const char real[] = "tsc real";
	struct seamless_config config = { .name = "default" }; /* interpreted: box_run() */
	const char *text = seamless_platform_text("default", &config.len);
	const char *at = memmem(text, config.len, real, strlen(real));
	size_t before = (size_t)(at - text), after = config.len - before - strlen(real);
	char *own = malloc(config.len + strlen(counted));
	struct seamless_machine *m = NULL;
	char err[256] = "no memory, or no line \"tsc real\"";

	if (at && own) {
		memcpy(own, text, before);
		memcpy(own + before, counted, strlen(counted));
		memcpy(own + before + strlen(counted), at + strlen(real), after);
		config.text = own;
		config.len = before + strlen(counted) + after;
		m = seamless_create(&config, err, sizeof(err));
	}
	free(own);
	if (!m)
		fail_msg("%s", err);
	return m;
}

void box_open(struct guest_box *b, uint64_t attributes)
{
	const struct td_config config = { .attributes = attributes, .xfam = 3, .max_vcpus = 4 };
	static const uint8_t page[1][VMM_4K];

	box_open_with(b, &config, page, 1);
}

void box_open_with(struct guest_box *b, const struct td_config *config, const uint8_t (*pages)[VMM_4K], unsigned count)
{
	box_open_at(b, "tsc start 1000000000 event 0x100000 read 1", config, pages, count);
}

void box_open_at(struct guest_box *b, const char *tsc, const struct td_config *config,
		 const uint8_t (*pages)[VMM_4K], unsigned count)
{
	uint8_t mrtd[TD_MRTD_SIZE];
	struct vmm_error err = { 0 };

	memset(b, 0, sizeof(*b));
	b->td.tdr = VMM_NO_FRAME;
	b->machine = machine(tsc);
	need(host_open(&b->host, b->machine, &err), &err);
	need(host_enter_lp(&b->host, 0, &err), &err);
	need(td_create(&b->td, &b->host, config, &err), &err);
	for (unsigned i = 0; i < count; i++)
		need(td_add_page(&b->td, BOX_GPA + i * VMM_4K, pages[i], &err), &err);
	need(td_add_vcpu(&b->td, 0x1234, &err), &err);
	need(td_finalize(&b->td, mrtd, &err), &err);
	b->where = SEAMLESS_TO_HOST;
}

void box_close(struct guest_box *b)
{
	struct vmm_error err = { 0 };
	uint64_t freed;

	seamless_advance_tsc(b->machine, 1 << 20); /* an interrupt at once looks like single-stepping */
	if (b->where == SEAMLESS_TO_GUEST)
		box_exit(b, (struct seamless_vm_exit){ .reason = EXIT_REASON_EXTERNAL_INTERRUPT });
	td_flush_vcpu(&b->td, 0, &err);
	host_leave_lp(&b->host);
	need(td_destroy(&b->td, &freed, &err), &err);
	host_close(&b->host);
	seamless_destroy(b->machine);
}

void box_enter_flags(struct guest_box *b, uint64_t flags)
{
	b->regs.gpr[GPR_RAX] = 0;
	b->regs.gpr[GPR_RCX] = b->td.vcpu[0].tdvpr | flags;
	b->where = seamless_seamcall(&b->regs);
}

void box_enter(struct guest_box *b)
{
	box_enter_flags(b, 0);
}

void box_exit(struct guest_box *b, struct seamless_vm_exit e)
{
	assert_int_equal(b->where, SEAMLESS_TO_GUEST);
	seamless_set_guest_field(VMCS_GUEST_EFER, 0xd01);
	seamless_set_guest_field(VMCS_GUEST_CS_RIGHTS, 0xa09b);
	seamless_set_guest_field(VMCS_ENTRY_INTR_INFO, 0);
	b->where = seamless_vm_exit(&e, &b->regs);
}

void box_run(struct guest_box *b)
{
	struct vm_exit e;
	struct seamless_vm_exit to;

	assert_int_equal(b->where, SEAMLESS_TO_GUEST);
	vcpu_run(b->machine->module, 0, (struct cpu_regs *)&b->regs, &e);
	to = (struct seamless_vm_exit){
		.reason = e.reason, .instr_length = e.instr_length, .qualification = e.qualification,
		.guest_linear = e.guest_linear, .guest_physical = e.guest_physical, .intr_info = e.intr_info,
		.intr_error = e.intr_error, .idt_info = e.idt_info, .idt_error = e.idt_error,
		.instr_info = e.instr_info,
	};
	b->where = seamless_vm_exit(&to, &b->regs);
}

void box_tdcall(struct guest_box *b, uint64_t leaf)
{
	b->regs.gpr[GPR_RAX] = leaf;
	box_exit(b, (struct seamless_vm_exit){ .reason = SEAMLESS_EXIT_TDCALL, .instr_length = 4 });
}

uint64_t box_host(struct guest_box *b, uint64_t leaf, uint64_t rcx, uint64_t rdx, uint64_t r8)
{
	struct seamless_regs regs = { 0 };

	(void)b;
	regs.gpr[GPR_RAX] = leaf;
	regs.gpr[GPR_RCX] = rcx;
	regs.gpr[GPR_RDX] = rdx;
	regs.gpr[GPR_R8] = r8;
	assert_int_equal(seamless_seamcall(&regs), SEAMLESS_TO_HOST);
	return regs.gpr[GPR_RAX];
}

uint64_t box_field(uint32_t encoding)
{
	uint64_t value = 0;

	assert_true(seamless_guest_field(encoding, &value));
	return value;
}

uint32_t box_injected(void)
{
	uint32_t info = (uint32_t)box_field(VMCS_ENTRY_INTR_INFO);

	return info & INTR_VALID ? info : 0;
}

struct tdvps *box_vps(struct guest_box *b)
{
	struct vcpu vp;

	vcpu_load(b->machine->module, b->td.vcpu[0].tdvpr, &vp);
	return vp.vps;
}

struct tdcs *box_tdcs(struct guest_box *b)
{
	struct td td;

	td_load(b->machine->module, b->td.tdr, &td);
	return td.tdcs;
}
