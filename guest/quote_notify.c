// SPDX-License-Identifier: MIT
/*
 * Asks for a quote with a notification: the call returns at once, the interrupt comes when the
 * quote is there. Meanwhile the buffer says "in flight".
 */
#include "guest/apic.h"
#include "tdx/structures.h"
#include "tdx/tdx.h"

#define BUFFER	    0x800000ull
#define BUFFER_SIZE (4 * PAGE)
#define VECTOR	    0x71
#define IN_FLIGHT   UINT64_MAX
#define ROUNDS	    5

struct quote_buffer {
	uint64_t version, status;
	uint32_t in_size, out_size;
	uint8_t data[BUFFER_SIZE - 24];
};

static uint8_t report[TDX_TDREPORT_SIZE] __attribute__((aligned(1024)));
static uint8_t report_data[64] __attribute__((aligned(64)));
static volatile unsigned notified;

static void on_notification(struct guest_frame *frame)
{
	(void)frame;
	notified++;
	wrmsr(APIC_EOI, 0);
}

static void must(bool right, const char *what)
{
	if (!right)
		guest_fail(what);
}

static void ask(volatile struct quote_buffer *buffer, unsigned round)
{
	buffer->version = 1;
	buffer->status = 0x1234;
	buffer->in_size = sizeof(report);
	buffer->out_size = 0;
	memcpy((void *)buffer->data, report, sizeof(report));
	must(tdx_answer_ok(tdg_vp_vmcall_get_quote(tdx_gpa(BUFFER | SHARED_BIT), BUFFER_SIZE)),
	     "GetQuote");
	must(buffer->status == IN_FLIGHT || !buffer->status, "in flight, or there already");
	while (notified <= round)
		wait_for_interrupt();
	must(!buffer->status, "the notification comes after the quote");
	must(buffer->out_size && buffer->out_size <= sizeof(buffer->data), "its size");
}

void guest_main(const struct guest_boot *boot)
{
	if (boot->vcpu)
		return;
	guest_on(VECTOR, on_notification);
	apic_enable();
	must(!tdx_answer_ok(tdg_vp_vmcall_setup_event_notify_interrupt(tdx_vector(31))),
	     "a vector of the processor's is refused");
	must(!tdx_answer_ok(tdg_vp_vmcall_setup_event_notify_interrupt(tdx_vector(256))),
	     "a vector that is none is refused");
	must(tdx_answer_ok(tdg_vp_vmcall_setup_event_notify_interrupt(tdx_vector(VECTOR))),
	     "SetupEventNotifyInterrupt");
	must(tdx_status_ok(tdg_mr_report(tdx_gpa((uint64_t)report),
					 tdx_report_data((uint64_t)report_data), 0)),
	     "TDG.MR.REPORT");
	must(tdx_answer_ok(tdg_vp_vmcall_map_gpa(tdx_gpa(BUFFER | SHARED_BIT), BUFFER_SIZE, NULL)),
	     "MapGPA to shared");
	for (unsigned i = 0; i < ROUNDS; i++)
		ask((volatile struct quote_buffer *)(SHARED_ALIAS + BUFFER), i);
	put("PASS\n");
}
