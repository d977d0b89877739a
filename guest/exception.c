// SPDX-License-Identifier: MIT
/*
 * Exceptions of a bare guest: #VE is served by asking the VMM, every other one is fatal.
 */
#include "guest/guest.h"
#include "tdx/tdx.h"

#define VE_VECTOR 20

volatile uint64_t ve_seen;

static guest_handler handlers[256];

void guest_on(uint8_t vector, guest_handler handler)
{
	handlers[vector] = handler;
}

static void cpuid(struct guest_frame *f)
{
	const struct tdg_vp_vmcall_instruction_cpuid_args args = { .eax = (uint32_t)f->rax,
								   .ecx = (uint32_t)f->rcx };
	struct tdg_vp_vmcall_instruction_cpuid_out out;

	if (!tdx_answer_ok(tdg_vp_vmcall_instruction_cpuid(args, &out)))
		guest_fail("the VMM refused CPUID");
	f->rax = (uint32_t)out.eax;
	f->rbx = (uint32_t)out.ebx;
	f->rcx = (uint32_t)out.ecx;
	f->rdx = (uint32_t)out.edx;
}

/* Exit qualification: size 2:0 (bytes - 1), direction 3 (1: in), string 4, port 31:16. */
static void port_io(struct guest_frame *f, uint64_t qualification)
{
	unsigned size = (qualification & 7) + 1;
	uint64_t mask = (1ull << (8 * size)) - 1, data = 0;
	bool in = qualification >> 3 & 1;

	if (qualification >> 4 & 1)
		guest_fail("string I/O in a bare guest");
	if (!tdx_answer_ok(tdg_vp_vmcall_instruction_io(tdx_width(size), in ? TDX_READ : TDX_WRITE,
							tdx_port(qualification >> 16 & 0xffff),
							f->rax & mask, &data)))
		guest_fail("the VMM refused port I/O");
	if (in)
		f->rax = size == 4 ? (uint32_t)data : (f->rax & ~mask) | (data & mask);
}

static void rdmsr(struct guest_frame *f)
{
	uint64_t value;

	if (!tdx_answer_ok(tdg_vp_vmcall_instruction_rdmsr(tdx_msr((uint32_t)f->rcx), &value)))
		guest_fail("the VMM refused RDMSR");
	f->rax = (uint32_t)value;
	f->rdx = value >> 32;
}

static void wrmsr(const struct guest_frame *f)
{
	if (!tdx_answer_ok(tdg_vp_vmcall_instruction_wrmsr(tdx_msr((uint32_t)f->rcx),
							   f->rdx << 32 | (uint32_t)f->rax)))
		guest_fail("the VMM refused WRMSR");
}

static void virtualization_exception(struct guest_frame *f)
{
	struct tdg_vp_veinfo_get_out ve;

	if (!tdx_status_ok(tdg_vp_veinfo_get(&ve)))
		guest_fail("#VE without information");
	if (ve.exit_reason < 64)
		ve_seen |= 1ull << ve.exit_reason;
	switch (ve.exit_reason) {
	case TDX_EXIT_REASON_CPUID: cpuid(f); break;
	case TDX_EXIT_REASON_HLT: guest_halt();
	case TDX_EXIT_REASON_IO_INSTRUCTION: port_io(f, ve.exit_qualification); break;
	case TDX_EXIT_REASON_RDMSR: rdmsr(f); break;
	case TDX_EXIT_REASON_WRMSR: wrmsr(f); break;
	default:
		put("#VE with exit reason ");
		put_decimal(ve.exit_reason);
		put("\n");
		guest_fail("unexpected #VE");
	}
	f->rip += ve.instr_len_info & 0xffffffff;
}

void guest_exception(struct guest_frame *frame)
{
	frame->vector &= 0xff;
	if (handlers[frame->vector]) {
		handlers[frame->vector](frame);
		return;
	}
	if (frame->vector == VE_VECTOR) {
		virtualization_exception(frame);
		return;
	}
	put("exception ");
	put_decimal(frame->vector);
	put(" error ");
	put_hex(frame->error);
	put(" at ");
	put_hex(frame->rip);
	put("\n");
	guest_fail("unexpected exception");
}
