package etcdstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newLogger is the logger that etcd gets. It writes to w, or nowhere if w is nil,
// and replaces what etcd does when it finds that it cannot go on (its log or its
// database cannot be written or read). By default that is to end the process or
// to panic in some goroutine; here, only that goroutine ends and d hears why.
func newLogger(w io.Writer, d *death) *zap.Logger {
	core := zapcore.NewNopCore()
	if w != nil {
		enc := zap.NewProductionEncoderConfig()
		enc.EncodeTime = func(t time.Time, a zapcore.PrimitiveArrayEncoder) {
			a.AppendString(t.UTC().Format("2006-01-02T15:04:05.000Z"))
		}
		core = zapcore.NewCore(zapcore.NewConsoleEncoder(enc), zapcore.Lock(zapcore.AddSync(w)), zapcore.InfoLevel)
	}
	return zap.New(core, zap.WithPanicHook(d), zap.WithFatalHook(d), zap.ErrorOutput(zapcore.AddSync(io.Discard)))
}

// death is the end of a member that was not asked for.
type death struct {
	ctx context.Context
	die context.CancelCauseFunc
}

func newDeath() *death {
	ctx, die := context.WithCancelCause(context.Background())
	return &death{ctx, die}
}

// done is closed when the member has died.
func (d *death) done() <-chan struct{} { return d.ctx.Done() }

// err is the reason of the death, nil for a member that lives.
func (d *death) err() error { return context.Cause(d.ctx) }

// OnWrite is called by zap instead of a panic or an exit, with the last words.
func (d *death) OnWrite(e *zapcore.CheckedEntry, fields []zapcore.Field) {
	err := errors.New(e.Message)
	for _, f := range fields {
		if cause, ok := f.Interface.(error); ok && f.Type == zapcore.ErrorType {
			err = fmt.Errorf("%s: %w", e.Message, cause)
		}
	}
	d.die(fmt.Errorf("etcd has stopped: %w", err))
	runtime.Goexit()
}
